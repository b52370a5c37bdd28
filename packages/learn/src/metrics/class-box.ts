/**
 * One class of a pair of label maps, cut out: the box that either map needs, with a border of background.
 *
 * Shapes   [D, H, W] with a border of one voxel on every side, so that neighbors need no test for the end of the volume:
 *          outside of it is background. A picture has no border in z, and no neighbors there. Rows are filled up to a
 *          multiple of four voxels, so that these can be looked at together.
 * Values   bits: `TRUTH` 1, `PREDICTION` 2.
 */
import type { Vec3 } from "@medssl/imaging";
import type { Box } from "./label-regions.ts";

export const TRUTH = 1;
export const PREDICTION = 2;
export type Side = typeof TRUTH | typeof PREDICTION;

export interface ClassBox {
  /** With the border. */
  readonly shape: Vec3;
  readonly data: Uint8Array;
  /** From a voxel to the next in z, y, x; 0 in z for a picture. */
  readonly strides: Vec3;
}

export function classBox(
  truth: Uint8Array,
  prediction: Uint8Array,
  [depth, height, width]: Vec3,
  { first, last }: Box,
  value: number,
): ClassBox {
  const borderZ = depth === 1 ? 0 : 1;
  const shape: Vec3 = [last[0] - first[0] + 1 + 2 * borderZ, last[1] - first[1] + 3, (last[2] - first[2] + 6) & ~3];
  // Tables are faster than comparisons that the processor cannot foresee.
  const inTruth = new Uint8Array(256);
  const inPrediction = new Uint8Array(256);
  inTruth[value] = TRUTH;
  inPrediction[value] = PREDICTION;
  const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let z = first[0]; z <= last[0]; z++) {
    for (let y = first[1]; y <= last[1]; y++) {
      let target = ((z - first[0] + borderZ) * shape[1] + y - first[1] + 1) * shape[2] + 1;
      const start = (z * height + y) * width;
      const end = start + last[2];
      for (let i = start + first[2]; i <= end; i++, target++) {
        data[target] = inTruth[truth[i]!]! | inPrediction[prediction[i]!]!;
      }
    }
  }
  return { shape, data, strides: [depth === 1 ? 0 : shape[1] * shape[2], shape[2], 1] };
}

/** Steps to the neighbors that share a face, an edge or a corner: 26, or 8 in a picture. */
export function neighborSteps({ strides: [z, y, x] }: ClassBox): Int32Array {
  const steps = [];
  for (const dz of z === 0 ? [0] : [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) if (dz !== 0 || dy !== 0 || dx !== 0) steps.push(dz * z + dy * y + dx * x);
    }
  }
  return Int32Array.from(steps);
}
