/**
 * Volumes in ml of series whose slices are not evenly spaced, and what a user should know of their results.
 *
 * Volumes   go by where the slices lie (sliceExtents), not by one voxel size: half the slices of one part missing would
 *           otherwise halve what is there.
 * NIfTI     has even steps whatever the slices have; that cannot be mended in the file, and is told.
 */
import { type Scan, type SeriesVolume, sliceExtents } from "@medssl/imaging";
import type { OutputKind } from "./output-formats.ts";

/** @param mask On the volume's own grid. @returns Of each label; undefined where one voxel size holds for all. */
export function unevenVolumesMl(
  { shape: [, height, width], data }: Pick<Scan<Uint8Array>, "shape" | "data">,
  volume: SeriesVolume | undefined,
  labels: readonly number[],
): number[] | undefined {
  const extents = volume && sliceExtents(volume);
  if (extents === undefined) return undefined;
  const totals = new Float64Array(256);
  const [, y, x] = volume!.spacingMm!;
  const size = height * width;
  for (const [z, mm] of extents.extentsMm.entries()) {
    const counts = new Uint32Array(256);
    for (let i = z * size; i < (z + 1) * size; i++) counts[data[i]!]!++;
    const voxelMl = (mm * y * x) / 1000;
    for (const label of labels) totals[label]! += counts[label]! * voxelMl;
  }
  return labels.map((label) => totals[label]!);
}

/** A sentence for the report, or none. */
export function unevenWarnings(
  volume: SeriesVolume | undefined,
  outputs: Readonly<Partial<Record<OutputKind, string>>>,
): string[] {
  const { offsetMm = 0 } = (volume && sliceExtents(volume)) ?? {};
  if (offsetMm === 0) return [];
  const inNifti =
    outputs.nifti === undefined
      ? ""
      : `; NIfTI has even steps only, and in it slices lie up to ${offsetMm.toFixed(2)} mm from their place`;
  return [`volumes in ml go by where the slices lie: a gap counts half as each slice at its ends${inNifti}`];
}
