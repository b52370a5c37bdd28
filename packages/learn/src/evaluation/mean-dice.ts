/**
 * The mean Dice of a network on a set of images with masks, each image a case: what is looked at while training. Reports
 * measure more, and volumes as a whole (evaluate.ts).
 */
import { setImmediate } from "node:timers/promises";
import type { CaseScore } from "@medssl/contract";
import type { Label } from "@medssl/datasets";
import { scope, type Tensor } from "@medssl/torch";
import type { ImageSet } from "../data/image-set.ts";
import type { Segmenter } from "../inference/segment-images.ts";
import { scoreCase } from "../metrics/overlap.ts";
import { summarizeScores } from "../metrics/summarize-scores.ts";
import { AT_ONCE, type StoredSegmentOptions, segmentStored } from "./volume-maps.ts";

export interface MeanDiceOptions extends StoredSegmentOptions {
  readonly labels: readonly Label[];
  /** Value of pixels that are not counted. */
  readonly ignoredValue?: number | undefined;
}

/** @returns 0-1 */
export async function meanDice(network: Segmenter, set: ImageSet, options: MeanDiceOptions): Promise<number> {
  const scores: CaseScore[] = [];
  while (scores.length < set.count) {
    const count = Math.min(AT_ONCE, set.count - scores.length);
    const indices = Array.from({ length: count }, (_, i) => scores.length + i);
    scores.push(...scope(() => measure(network, set, indices, options)));
    await setImmediate();
  }
  return summarizeScores(scores, options.labels).dice;
}

function measure(network: Segmenter, set: ImageSet, indices: readonly number[], options: MeanDiceOptions): CaseScore[] {
  const { labels, ignoredValue } = options;
  const truth = set.masks(indices);
  const found = segmentStored(network, set, indices, options);
  const isKnown = ignoredValue === undefined ? undefined : truth.ne(ignoredValue).to({ dtype: "uint8" });
  const known = (maps: Tensor) => (isKnown === undefined ? maps : maps.mul(isKnown)).unbind(0);
  const pixels = (tensor: Tensor) => tensor.contiguous().toTypedArray() as Uint8Array;
  const [truths, predictions] = [known(truth), known(found)];
  return indices.map((index, i) => {
    const { id, patient } = set.cases[index]!;
    const pair = { truth: pixels(truths[i]!), prediction: pixels(predictions[i]!) };
    return scoreCase({ case: id, patient, ...pair }, labels);
  });
}
