/**
 * Which source voxels a target voxel is made of, along one axis.
 *
 * Kernels  linear (a triangle) and cubic (a = -0.5). Where target voxels are larger the kernel widens with them, so that no
 *          source voxel is skipped (antialiasing).
 * Border   taps beyond the source are left out and the others weigh more, as in Pillow.
 * Source   Keys, IEEE Trans. ASSP 29:1153 (1981).
 */

export type Interpolation = "linear" | "cubic";

export interface Taps {
  /** The first source voxel of each target voxel. */
  readonly first: Int32Array;
  /** Weights of that one and the following, `numTaps` for each target voxel; unused ones are 0. */
  readonly weights: Float64Array;
  readonly numTaps: number;
}

interface Kernel {
  /** Beyond this distance its weight is 0. */
  readonly radius: number;
  weight(distance: number): number;
}

export const KERNELS: Readonly<Record<Interpolation, Kernel>> = {
  linear: { radius: 1, weight: (distance) => Math.max(1 - distance, 0) },
  cubic: { radius: 2, weight: cubic },
};

/** @param distance 0 or more. */
function cubic(distance: number): number {
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  if (distance < 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return 0;
}

/**
 * @param offset Where the center of target voxel 0 is, in source voxels; centers of source voxels are whole numbers.
 * @param factor Size of a target voxel in source voxels, above 0.
 */
export function tapsAlong(
  sourceSize: number,
  targetSize: number,
  offset: number,
  factor: number,
  interpolation: Interpolation,
): Taps {
  const { radius, weight } = KERNELS[interpolation];
  const spread = Math.max(factor, 1);
  const numTaps = Math.min(Math.ceil(2 * radius * spread) + 1, sourceSize);
  const first = new Int32Array(targetSize);
  const weights = new Float64Array(targetSize * numTaps);
  for (let target = 0; target < targetSize; target++) {
    const center = Math.min(Math.max(offset + target * factor, -0.5), sourceSize - 0.5);
    const start = Math.max(Math.floor(center - radius * spread + 1), 0);
    const end = Math.min(Math.floor(center + radius * spread + 1), sourceSize);
    // At the far border the window moves inwards, so that every tap lies in the source.
    first[target] = Math.min(start, sourceSize - numTaps);
    const place = target * numTaps - first[target]!;
    let sum = 0;
    for (let source = start; source < end; source++) sum += weight(Math.abs(source - center) / spread);
    for (let source = start; source < end; source++) {
      weights[place + source] = weight(Math.abs(source - center) / spread) / sum;
    }
  }
  return { first, weights, numTaps };
}
