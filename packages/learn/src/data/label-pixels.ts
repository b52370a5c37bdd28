/**
 * How often each label occurs in masks: what rare classes are weighed by.
 */
import { call, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import type { ImageSet } from "./image-set.ts";

/** Masks that are counted at a time. */
const BATCH = 64;

/** Pixels of each value 0..numValues - 1 in all masks of the set; higher ones, such as what is to be ignored, do not count. */
export function labelPixels(set: ImageSet, numValues: number): number[] {
  const counts = new Array<number>(numValues).fill(0);
  for (let start = 0; start < set.count; start += BATCH) {
    scope(() => {
      const indices = Array.from({ length: Math.min(BATCH, set.count - start) }, (_, i) => start + i);
      const flat = set.masks(indices).flatten();
      const batch = call("aten::bincount", [flat, null, numValues]) as Tensor;
      for (const [value, count] of (batch.toNested() as number[]).slice(0, numValues).entries())
        counts[value]! += Number(count);
    });
  }
  return counts;
}

/**
 * Weights of classes by the inverse root of their share of the pixels, 1 on average; an absent class weighs as much as the
 * rarest there is.
 *
 * @param counts Pixels of each class, background first.
 */
export function balancedWeights(counts: readonly number[]): Tensor {
  const rarest = Math.min(...counts.filter((count) => count > 0));
  const roots = counts.map((count) => 1 / Math.sqrt(Math.max(count, rarest)));
  const mean = roots.reduce((sum, root) => sum + root, 0) / roots.length;
  return fromTypedArray(Float32Array.from(roots, (root) => root / mean));
}
