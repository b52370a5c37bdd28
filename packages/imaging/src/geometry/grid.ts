/**
 * Grids that scans are resampled onto.
 *
 * Shapes   [depth, height, width], and the affine of their voxels. A scan that knows how it lies is a grid itself.
 * Centers  a grid made of a scan has the scan's middle and axes. By its shape, it has the same field of view; by its
 *          spacing, it has that spacing exactly, and the field of view may differ by less than a voxel.
 * Errors   `ERR_SCAN_UNORIENTED`: a spacing is asked of a scan without affine.
 */

import { MedsslError } from "@medssl/contract";
import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { invertAffine, multiplyAffines, spacingOf } from "./affine.ts";

export interface Grid {
  /** [depth, height, width] */
  readonly shape: Vec3;
  readonly affine: Affine;
}

const VOXELS: Affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** The scan's own grid; in voxels, where it does not know how it lies. */
export function gridOf({ shape, affine = VOXELS }: Scan): Grid {
  return { shape, affine };
}

/** From voxels of one grid to voxels of another. */
export function fromTo(from: Grid, to: Grid): Affine {
  return multiplyAffines(invertAffine(to.affine), from.affine);
}

/** The scan's field of view in so many voxels. */
export function gridWithShape(scan: Scan, shape: Vec3): Grid {
  const factor = (axis: 0 | 1 | 2) => scan.shape[axis] / shape[axis];
  return scaledGrid(scan, shape, [factor(0), factor(1), factor(2)]);
}

/** The scan's field of view, to the nearest voxel, in voxels of this size. */
export function gridWithSpacing(scan: Scan, spacingMm: Vec3): Grid {
  if (scan.affine === undefined) {
    throw new MedsslError("ERR_SCAN_UNORIENTED", "gridWithSpacing: expected a scan with an affine, got one without");
  }
  const stored = spacingOf(scan.affine);
  const factors: Vec3 = [spacingMm[0] / stored[0], spacingMm[1] / stored[1], spacingMm[2] / stored[2]];
  const size = (axis: 0 | 1 | 2) => Math.max(Math.round(scan.shape[axis] / factors[axis]), 1);
  return scaledGrid(scan, [size(0), size(1), size(2)], factors);
}

/** The scan with other voxels: what else is known of it stays. */
export function scanOnGrid<Data extends Samples>(scan: Scan<Data>, grid: Grid, data: Data): Scan<Data> {
  const { affine, spacingMm } = scan;
  const [z, y, x] = spacingOf(grid.affine);
  const [unitZ, unitY, unitX] = affine === undefined ? (spacingMm ?? [1, 1, 1]) : [1, 1, 1];
  const isThicknessKnown = !Number.isNaN(spacingMm?.[0]);
  return {
    ...scan,
    shape: grid.shape,
    data,
    affine: affine && grid.affine,
    spacingMm: spacingMm && [isThicknessKnown ? z * unitZ : Number.NaN, y * unitY, x * unitX],
  };
}

/** @param factors Size of a new voxel in stored ones [z, y, x]. */
function scaledGrid(scan: Scan, shape: Vec3, [z, y, x]: Vec3): Grid {
  const middle = (axis: 0 | 1 | 2, factor: number) => (scan.shape[axis] - 1) / 2 - (factor * (shape[axis] - 1)) / 2;
  const toStored = [x, 0, 0, middle(2, x), 0, y, 0, middle(1, y), 0, 0, z, middle(0, z), 0, 0, 0, 1];
  return { shape, affine: multiplyAffines(gridOf(scan).affine, toStored) };
}
