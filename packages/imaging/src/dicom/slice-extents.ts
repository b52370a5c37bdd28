/**
 * How much of the patient each slice of a volume stands for, where a grid of even steps would say it wrong: gaps, uneven
 * steps, a tilted gantry.
 *
 * Extent    half of the way to the slice before and half of that to the one behind: what a gap leaves out goes to the slices
 *           at its ends. The first and the last reach as far outwards as inwards, but no further than a slice further in does.
 * Units     mm along the normal of the slices: times the area of a pixel it is the volume of a voxel. The voxel size of a
 *           tilted stack goes along the tilt, and is no height.
 */

import { cross, dot, normalized } from "../geometry/vectors.ts";
import type { Affine, Vec3 } from "../scan.ts";
import type { SeriesVolume } from "./volume.ts";

export interface SliceExtents {
  /** Of each slice. */
  readonly extentsMm: readonly number[];
  /** How far the slices are from where even steps of the voxel size have them, at most: 0 but for gaps and uneven steps. */
  readonly offsetMm: number;
}

/** Steps that differ by less, as a share of the usual one, are a matter of rounded positions. */
const tolerance = 0.1;
/** So do heights that differ by less from the voxel size: a tilt of a degree makes 0.00015. */
const negligible = 1e-3;

/** Undefined where the voxel size holds for every slice, or nothing says where they lie. */
export function sliceExtents({ slices, affine, spacingMm }: SeriesVolume): SliceExtents | undefined {
  if (affine === undefined || spacingMm === undefined || slices.length < 2) return undefined;
  const normal = normalized(cross(columnOf(affine, 0), columnOf(affine, 1)));
  const stepMm = dot(columnOf(affine, 2), normal);
  const heights = slices.map(({ positionMm }) => Math.sign(stepMm) * dot(positionMm!, normal));
  const offsets = heights.map((height, i) => Math.abs(height - heights[0]! - i * Math.abs(stepMm)));
  const isEven = Math.max(...offsets) <= tolerance * Math.abs(stepMm);
  if (isEven && Math.abs(1 - Math.abs(stepMm) / spacingMm[0]) < negligible) return undefined;
  const steps = heights.slice(1).map((height, i) => height - heights[i]!);
  const around = [Math.min(...steps.slice(0, 2)), ...steps, Math.min(...steps.slice(-2))];
  const extentsMm = heights.map((_, i) => (around[i]! + around[i + 1]!) / 2);
  return { extentsMm, offsetMm: isEven ? 0 : Math.max(...offsets) };
}

/** From a voxel to the next along x, y or z, in mm. */
function columnOf(affine: Affine, axis: 0 | 1 | 2): Vec3 {
  return [affine[axis]!, affine[4 + axis]!, affine[8 + axis]!];
}
