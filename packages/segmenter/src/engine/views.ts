/**
 * A network on pictures of its size, mirrored or not; what comes out lies as what went in.
 */
import type { SegmentationPlan } from "@medssl/contract";
import { MedsslError } from "@medssl/contract";
import type { Network } from "./network.ts";

/** A picture as it is, or mirrored. */
export interface View {
  readonly isMirrored: boolean;
  readonly isUpsideDown: boolean;
}

const AS_IT_IS: View = { isMirrored: false, isUpsideDown: false };

export const VIEWS: Readonly<Record<SegmentationPlan["flips"], readonly View[]>> = {
  none: [AS_IT_IS],
  horizontal: [AS_IT_IS, { isMirrored: true, isUpsideDown: false }],
  both: [
    AS_IT_IS,
    { isMirrored: true, isUpsideDown: false },
    { isMirrored: false, isUpsideDown: true },
    { isMirrored: true, isUpsideDown: true },
  ],
};

/** @param images [B, C, S, S] @param numLabels With the background. @returns Logits [B, K + 1, S, S] */
export async function runView(
  network: Network,
  images: Float32Array,
  shape: readonly [number, number, number, number],
  numLabels: number,
  view: View,
): Promise<Float32Array> {
  const [numImages, , side] = shape;
  const logits = await network.run(view === AS_IT_IS ? images : flipped(images, side, view), shape);
  const expected = numImages * numLabels * side * side;
  if (logits.length !== expected) {
    throw new MedsslError(
      "ERR_MODEL_FILE",
      `The network gives ${logits.length / (numImages * side * side)} values a pixel, its card says ${numLabels}: background and classes`,
      { hint: "Export the model again." },
    );
  }
  return view === AS_IT_IS ? logits : flipped(logits, side, view);
}

/** @param planes [P, side, side] */
function flipped(planes: Float32Array, side: number, { isMirrored, isUpsideDown }: View): Float32Array {
  const result = new Float32Array(planes.length);
  for (let start = 0; start < planes.length; start += side * side) {
    for (let y = 0; y < side; y++) {
      const source = start + (isUpsideDown ? side - 1 - y : y) * side;
      const row = result.subarray(start + y * side, start + (y + 1) * side);
      row.set(planes.subarray(source, source + side));
      if (isMirrored) row.reverse();
    }
  }
  return result;
}
