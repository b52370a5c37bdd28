/**
 * How high the slices of a scan lie.
 *
 * Units    mm towards the head, of a slice's center.
 * Source   what the header of each DICOM slice says of itself: where some are missing, or not evenly spaced, the affine
 *          is off. It serves files of other formats, and volumes that are shown cut along another axis than their own.
 */

import { applyAffine, type Scan } from "@medssl/imaging";
import type { ReadScan } from "./read-scans.ts";

/** @param shown `read` as it is cut into slices. @returns Of each shown slice; empty where the file does not say. */
export function sliceHeights({ shape, affine, spacingMm }: Scan, { scan, volume }: ReadScan): number[] {
  if (affine === undefined || scan.affine === undefined || spacingMm === undefined) return [];
  const [depth, height, width] = shape;
  const even = Array.from({ length: depth }, (_, z) => applyAffine(affine, [(width - 1) / 2, (height - 1) / 2, z])[2]);
  const own = volume?.slices.flatMap(({ positionMm }) => positionMm?.[2] ?? []) ?? [];
  const turn = turnOfSlices(scan.affine, affine);
  if (own.length !== depth || turn === 0) return even;
  const [, storedHeight, storedWidth] = scan.shape;
  const toCenter = (scan.affine[8]! * (storedWidth - 1)) / 2 + (scan.affine[9]! * (storedHeight - 1)) / 2;
  const centers = own.map((corner) => corner + toCenter);
  return turn === 1 ? centers : centers.reverse();
}

/** 1 where the slices follow one another as they are stored, -1 the other way round, 0 where they are cut otherwise. */
function turnOfSlices(stored: readonly number[], shown: readonly number[]): 1 | -1 | 0 {
  const isStepTimes = (sign: 1 | -1) => [2, 6, 10].every((i) => shown[i] === sign * stored[i]!);
  return isStepTimes(1) ? 1 : isStepTimes(-1) ? -1 : 0;
}
