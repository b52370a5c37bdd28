/**
 * Interpolation at any place of a volume: between grids whose axes are not parallel.
 *
 * Shapes   [D, H, W, C] in, the target's shape with the same channels out, same type, rounded and clipped.
 * Border   edges are repeated, up to half a voxel; further outside a target voxel gets a value of its own.
 * Aliasing is the caller's to avoid: the source's voxels must not be much smaller than the target's.
 * Cost     8 (linear) or 64 (cubic) multiplications a voxel.
 */

import { emptyLike } from "../channels.ts";
import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { rounding, TOLERANCE } from "./parallel-resampling.ts";
import { type Interpolation, KERNELS } from "./taps.ts";

/** @param toSource From target voxels (x, y, z) to source voxels. */
export function resampleOblique<Data extends Samples>(
  scan: Scan<Data>,
  [depth, height, width]: Vec3,
  toSource: Affine,
  interpolation: Interpolation,
  outside: number,
): Data {
  const { shape, channels, data } = scan;
  const round = rounding(data);
  const result = emptyLike(data, depth * height * width * channels);
  const alongX = new AxisTaps(shape[2], channels, interpolation);
  const alongY = new AxisTaps(shape[1], channels * shape[2], interpolation);
  const alongZ = new AxisTaps(shape[0], channels * shape[2] * shape[1], interpolation);
  const [stepX, stepY, stepZ] = [toSource[0]!, toSource[4]!, toSource[8]!];
  let target = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const startX = toSource[1]! * y + toSource[2]! * z + toSource[3]!;
      const startY = toSource[5]! * y + toSource[6]! * z + toSource[7]!;
      const startZ = toSource[9]! * y + toSource[10]! * z + toSource[11]!;
      for (let x = 0; x < width; x++, target += channels) {
        const isInside =
          alongX.moveTo(startX + stepX * x) && alongY.moveTo(startY + stepY * x) && alongZ.moveTo(startZ + stepZ * x);
        for (let channel = 0; channel < channels; channel++) {
          result[target + channel] = isInside ? round(interpolate(data, channel, alongX, alongY, alongZ)) : outside;
        }
      }
    }
  }
  return result;
}

function interpolate(data: Samples, channel: number, alongX: AxisTaps, alongY: AxisTaps, alongZ: AxisTaps): number {
  let sum = 0;
  for (let k = 0; k < alongZ.places.length; k++) {
    for (let j = 0; j < alongY.places.length; j++) {
      const row = alongZ.places[k]! + alongY.places[j]! + channel;
      let rowSum = 0;
      for (let i = 0; i < alongX.places.length; i++) rowSum += alongX.weights[i]! * data[row + alongX.places[i]!]!;
      sum += alongZ.weights[k]! * alongY.weights[j]! * rowSum;
    }
  }
  return sum;
}

/** The taps around one place along one axis. */
class AxisTaps {
  /** Where in the data each tap is, but for the other axes. */
  readonly places: Int32Array;
  readonly weights: Float64Array;
  readonly #size: number;
  readonly #stride: number;
  readonly #radius: number;
  readonly #weight: (distance: number) => number;

  constructor(size: number, stride: number, interpolation: Interpolation) {
    const { radius, weight } = KERNELS[interpolation];
    this.#size = size;
    this.#stride = stride;
    this.#radius = radius;
    this.#weight = weight;
    this.places = new Int32Array(2 * radius);
    this.weights = new Float64Array(2 * radius);
  }

  /** @returns Whether the place is in the volume. */
  moveTo(place: number): boolean {
    if (place < -0.5 - TOLERANCE || place > this.#size - 0.5 + TOLERANCE) return false;
    const first = Math.floor(place) - this.#radius + 1;
    for (let tap = 0; tap < this.places.length; tap++) {
      const voxel = first + tap;
      this.places[tap] = Math.min(Math.max(voxel, 0), this.#size - 1) * this.#stride;
      this.weights[tap] = this.#weight(Math.abs(place - voxel));
    }
    return true;
  }
}
