/**
 * Images onto another grid: another size, another spacing, the grid of another scan.
 *
 * Shapes   [D, H, W, C] in, the grid's shape with the same channels out, same type; integers are rounded and clipped.
 * Parallel axes, permuted and flipped ones included: one pass an axis, antialiased when shrinking.
 * Oblique  axes: the source is first shrunk along its own axes to the target's resolution, then interpolated.
 * Outside  of the source there is nothing: its least value (air, background).
 * Scans    that do not know how they lie can be resampled by `gridWithShape` only.
 */

import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { orientationCode } from "./affine.ts";
import { fromTo, type Grid, gridOf, gridWithShape, scanOnGrid } from "./grid.ts";
import { resampleOblique } from "./oblique-resampling.ts";
import { reorient } from "./orientation.ts";
import { isParallel, resampleParallel } from "./parallel-resampling.ts";
import { extremes } from "./samples.ts";
import type { Interpolation } from "./taps.ts";

/** Target voxels so much larger than the source's are worth shrinking it first; less blurs more than it helps. */
const LEAST_SHRINKING = 1.25;

export function resampleImage<Data extends Samples>(
  scan: Scan<Data>,
  grid: Grid,
  interpolation: Interpolation = "cubic",
): Scan<Data> {
  // Permuted and flipped axes become parallel ones.
  const source = scan.affine === undefined ? scan : reorient(scan, orientationCode(grid.affine));
  const toSource = fromTo(grid, gridOf(source));
  const [least] = extremes(scan.data);
  const outside = Number.isFinite(least) ? least : 0;
  if (isParallel(toSource, grid.shape)) {
    return scanOnGrid(scan, grid, resampleParallel(source, grid.shape, toSource, interpolation, outside));
  }
  const shape = shrunkShape(source.shape, toSource);
  const shrunk = gridWithShape(source, shape);
  const data = resampleParallel(source, shape, fromTo(shrunk, gridOf(source)), interpolation, outside);
  const smaller = { ...source, shape, data };
  return scanOnGrid(scan, grid, resampleOblique(smaller, grid.shape, fromTo(grid, shrunk), interpolation, outside));
}

/** The source's size where its voxels are as large as the target's, along each of its axes; never larger than it is. */
function shrunkShape([depth, height, width]: Vec3, toSource: Affine): Vec3 {
  const shrunk = (size: number, axis: number) => {
    const factor = Math.hypot(...toSource.slice(axis * 4, axis * 4 + 3));
    return factor < LEAST_SHRINKING ? size : Math.max(Math.round(size / factor), 1);
  };
  return [shrunk(depth, 2), shrunk(height, 1), shrunk(width, 0)];
}
