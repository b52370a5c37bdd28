/**
 * A trained network measured on images with masks: Dice and IoU by class and by case, at the stored size.
 *
 * Who      patients that the network's labels came from are never measured on.
 */
import { setImmediate } from "node:timers/promises";
import { type CaseScore, countedWork, MedsslError, type RunListener, type Scores } from "@medssl/contract";
import type { Case, Store } from "@medssl/datasets";
import { type Device, scope, type Tensor } from "@medssl/torch";
import { ImageSet, labelText } from "../data/image-set.ts";
import { labelMaps, type Segmenter, segmentImages } from "../inference/segment-images.ts";
import { scoreCase, summarizeScores } from "../metrics/overlap.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { loadSegmenter } from "./load-segmenter.ts";

export interface EvaluateOptions {
  /** Folder of a fine-tuning run. */
  readonly dir: string;
  readonly stores: readonly Store[];
  /** `held-out`: patients that the run kept for testing; `all`: every case with a mask. */
  readonly on: "held-out" | "all";
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface Evaluation {
  readonly scores: Scores;
  readonly set: ImageSet;
  /** The network's label map of one case of `set`, uint8 [H, W]. */
  predict(index: number): Tensor;
}

/** Images segmented at a time. */
const BATCH = 16;

/** @returns undefined when the signal came before all was measured. */
export async function evaluateRun(options: EvaluateOptions): Promise<Evaluation | undefined> {
  const { dir, stores, on, device, listen, signal } = options;
  const { run, network } = loadSegmenter(dir, device);
  const set = new ImageSet(stores.map((store) => ({ store, cases: measurable(store.cases, run, on) })));
  checkLabels(set, run, dir);
  const { inputSize, inference } = run.recipe;
  const manner = { inputSize, inference, statistics: run.statistics };
  const segment = (indices: readonly number[]) =>
    scope(() =>
      labelMaps(segmentImages(network as Segmenter, set.images(indices, device), manner)).to({ device: "cpu" }),
    );
  const measure = (indices: readonly number[]): CaseScore[] =>
    scope(() => {
      const predictions = segment(indices).unbind(0);
      const truths = set.masks(indices).unbind(0);
      const pixels = (tensor: Tensor) => tensor.contiguous().toTypedArray() as Uint8Array;
      return indices.map((index, i) => {
        const { id, patient } = set.cases[index]!;
        const pair = { truth: pixels(truths[i]!), prediction: pixels(predictions[i]!) };
        return scoreCase({ case: id, patient, ...pair }, run.labels);
      });
    });
  const scored: CaseScore[] = [];
  const work = countedWork("measure", set.count, listen);
  while (scored.length < set.count && !signal?.aborted) {
    const count = Math.min(BATCH, set.count - scored.length);
    const batch = measure(Array.from({ length: count }, (_, i) => scored.length + i));
    for (const score of batch) {
      scored.push(score);
      work.advance();
    }
    await setImmediate();
  }
  if (!work.end()) return undefined;
  return {
    scores: summarizeScores(scored, run.labels),
    set,
    predict: (index) => scope(() => segment([index]).select(0, 0)),
  };
}

function measurable(
  cases: readonly Case[],
  { patients, heldOutPatients }: FinetuneRun,
  on: "held-out" | "all",
): Case[] {
  const [learned, heldOut] = [new Set(patients), new Set(heldOutPatients)];
  return cases.filter(
    ({ hasMask, patient }) => hasMask && !learned.has(patient) && (on === "all" || heldOut.has(patient)),
  );
}

function checkLabels(set: ImageSet, run: FinetuneRun, dir: string): void {
  const [own, found] = [labelText(run.labels), labelText(set.labels)];
  if (own === found) return;
  throw new MedsslError("ERR_LABELS_DIFFER", `${dir} was trained for the labels ${own}; the store has ${found}.`, {
    hint: "Ingest the store with --labels so that names and values agree.",
  });
}
