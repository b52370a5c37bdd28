import type { SegmentationPlan } from "@medssl/contract";
import type { SliceWishes } from "@medssl/imaging";

export interface EngineOptions extends Pick<SegmentationPlan, "inputSize" | "tileOverlap" | "flips"> {
  /** With the background. */
  readonly numLabels: number;
  readonly wishes: SliceWishes;
  /** Lets messages in, and throws where one of them was to stop. */
  pause(): Promise<void>;
}

/** Of each label but the background, 0-255 for 0-1. @param sums [B, K + 1, N], of `count` probabilities each. @returns [B, K, N] */
export function fractionsOf(
  sums: Float32Array,
  numImages: number,
  numLabels: number,
  size: number,
  count: number,
): Uint8Array {
  const fractions = new Uint8Array(numImages * (numLabels - 1) * size);
  const scale = 255 / count;
  let at = 0;
  for (let image = 0; image < numImages; image++) {
    const start = (image * numLabels + 1) * size;
    for (let i = start; i < start + (numLabels - 1) * size; i++) fractions[at++] = sums[i]! * scale + 0.5;
  }
  return fractions;
}
