/**
 * Resampling along the voxel axes, one after another: between grids whose axes are parallel.
 *
 * Shapes   [D, H, W, C] in, the target's shape with the same channels out, same type.
 * Rounding integers are rounded and clipped after each axis, as in Pillow.
 * Outside  target voxels whose center lies beyond the source by more than half a voxel get a value of their own.
 * Cost     a multiplication a voxel and axis for each tap of the kernel.
 */

import { emptyLike } from "../channels.ts";
import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { integerRange } from "./samples.ts";
import { type Interpolation, type Taps, tapsAlong } from "./taps.ts";

/** Parts of a voxel that are nothing: headers have 32-bit floats. */
export const TOLERANCE = 1e-3;

/** Whether the axes are parallel, over the whole of the target. @param toSource From target voxels to source voxels. */
export function isParallel(toSource: Affine, [depth, height, width]: Vec3): boolean {
  const sizes = [width, height, depth];
  return [0, 1, 2].every((row) =>
    sizes.every((size, column) => {
      const step = toSource[row * 4 + column]!;
      return row === column ? step > 0 : Math.abs(step) * size < TOLERANCE;
    }),
  );
}

/** @param outside What target voxels beyond the source get. */
export function resampleParallel<Data extends Samples>(
  scan: Scan<Data>,
  shape: Vec3,
  toSource: Affine,
  interpolation: Interpolation,
  outside: number,
): Data {
  const extents: [number, number, number, number] = [...scan.shape, scan.channels];
  let data = scan.data;
  for (const axis of [2, 1, 0] as const) {
    const sourceSize = extents[axis];
    const size = shape[axis];
    const factor = toSource[(2 - axis) * 5]!;
    const offset = toSource[(2 - axis) * 4 + 3]!;
    const isSame = size === sourceSize && Math.abs(factor - 1) * size + Math.abs(offset) < TOLERANCE;
    if (isSame) continue;
    const numBlocks = product(extents.slice(0, axis));
    const stride = product(extents.slice(axis + 1));
    const taps = tapsAlong(sourceSize, size, offset, factor, interpolation);
    data =
      stride <= 3
        ? alongRows(data, numBlocks, sourceSize, stride, taps)
        : acrossRows(data, numBlocks, sourceSize, stride, taps);
    for (let target = 0; target < size; target++) {
      const center = offset + target * factor;
      if (center >= -0.5 - TOLERANCE && center <= sourceSize - 0.5 + TOLERANCE) continue;
      for (let block = 0; block < numBlocks; block++) {
        const start = (block * size + target) * stride;
        data.fill(outside, start, start + stride);
      }
    }
    extents[axis] = size;
  }
  return data;
}

function product(extents: readonly number[]): number {
  return extents.reduce((result, extent) => result * extent, 1);
}

/** Along x, where the next voxel is one value further, or three of a color. */
function alongRows<Data extends Samples>(
  data: Data,
  numRows: number,
  sourceSize: number,
  channels: number,
  { first, weights, numTaps }: Taps,
): Data {
  const size = first.length;
  const round = rounding(data);
  const result = emptyLike(data, numRows * size * channels);
  for (let row = 0, target = 0; row < numRows; row++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < channels; channel++, target++) {
        let source = (row * sourceSize + first[x]!) * channels + channel;
        let sum = 0;
        for (let tap = x * numTaps; tap < (x + 1) * numTaps; tap++, source += channels) {
          sum += weights[tap]! * data[source]!;
        }
        result[target] = round(sum);
      }
    }
  }
  return result;
}

/** Along y or z, where the next voxel is a whole row or plane further. */
function acrossRows<Data extends Samples>(
  data: Data,
  numBlocks: number,
  sourceSize: number,
  stride: number,
  { first, weights, numTaps }: Taps,
): Data {
  const size = first.length;
  const round = rounding(data);
  const result = emptyLike(data, numBlocks * size * stride);
  const sums = new Float64Array(stride);
  for (let block = 0, target = 0; block < numBlocks; block++) {
    for (let y = 0; y < size; y++, target += stride) {
      sums.fill(0);
      for (let tap = 0; tap < numTaps; tap++) {
        const weight = weights[y * numTaps + tap]!;
        if (weight === 0) continue;
        const source = (block * sourceSize + first[y]! + tap) * stride;
        for (let i = 0; i < stride; i++) sums[i]! += weight * data[source + i]!;
      }
      for (let i = 0; i < stride; i++) result[target + i] = round(sums[i]!);
    }
  }
  return result;
}

/** To the nearest value of the type. */
export function rounding(data: Samples): (value: number) => number {
  const range = integerRange(data);
  if (range === undefined) return (value) => value;
  const [least, largest] = range;
  return (value) => Math.min(Math.max(Math.floor(value + 0.5), least), largest);
}
