/**
 * A trained network measured on images with masks: Dice and IoU by class and by case, at the stored size.
 *
 * Who      patients that the network's labels came from are never measured on.
 */
import { MedsslError, type Scores } from "@medssl/contract";
import type { Case, Store } from "@medssl/datasets";
import { type Device, scope, type Tensor } from "@medssl/torch";
import { ImageSet } from "../data/image-set.ts";
import { scoreCase, summarizeScores } from "../metrics/overlap.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { loadSegmenter } from "./load-segmenter.ts";
import { labelMaps, type Segmenter, segmentImages } from "./segment.ts";

export interface EvaluateOptions {
  /** Folder of a fine-tuning run. */
  readonly dir: string;
  readonly stores: readonly Store[];
  /** `held-out`: patients that the run kept for testing; `all`: every case with a mask. */
  readonly on: "held-out" | "all";
  readonly device: Device;
}

export interface Evaluation {
  readonly scores: Scores;
  readonly set: ImageSet;
  /** The network's label map of one case of `set`, uint8 [H, W]. */
  predict(index: number): Tensor;
}

/** Images segmented at a time. */
const BATCH = 16;

export function evaluateRun({ dir, stores, on, device }: EvaluateOptions): Evaluation {
  const { run, network } = loadSegmenter(dir, device);
  const set = new ImageSet(stores.map((store) => ({ store, cases: measurable(store.cases, run, on) })));
  checkLabels(set, run, dir);
  const { inputSize, inference } = run.recipe;
  const options = { inputSize, inference, statistics: run.statistics };
  const segment = (indices: readonly number[]) =>
    scope(() =>
      labelMaps(segmentImages(network as Segmenter, set.images(indices).to({ device }), options)).to({ device: "cpu" }),
    );
  const cases = set.cases.map((_, i) => i);
  const scored = Array.from({ length: Math.ceil(cases.length / BATCH) }, (_, i) =>
    cases.slice(i * BATCH, (i + 1) * BATCH),
  ).flatMap((indices) =>
    scope(() => {
      const predictions = segment(indices).unbind(0);
      const truths = set.masks(indices).unbind(0);
      return indices.map((index, i) => {
        const { id, patient } = set.cases[index]!;
        const pixels = (tensor: Tensor) => tensor.contiguous().toTypedArray() as Uint8Array;
        return scoreCase(
          { case: id, patient, truth: pixels(truths[i]!), prediction: pixels(predictions[i]!) },
          run.labels,
        );
      });
    }),
  );
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
  const names = (labels: FinetuneRun["labels"]) => labels.map(({ value, name }) => `${value} ${name}`).join(", ");
  if (names(set.labels) === names(run.labels)) return;
  throw new MedsslError(
    "ERR_LABELS_DIFFER",
    `${dir} was trained for the labels ${names(run.labels)}; the store has ${names(set.labels)}.`,
    {
      hint: "Ingest the store with --labels so that names and values agree.",
    },
  );
}
