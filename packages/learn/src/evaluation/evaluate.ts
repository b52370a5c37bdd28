/**
 * A trained network measured on images with masks, by class and by case, at the stored size.
 *
 * Case     a picture, or all stored slices of a volume together: Dice over the whole volume, distances in three dimensions.
 * Who      patients that the network's labels came from are never measured on.
 * Memory   one volume at a time, or a batch of pictures.
 * Errors   `ERR_HELD_OUT` where none of the held-out patients is in the stores, `ERR_LABELS_DIFFER`, and those of `ImageSet`.
 */
import { type CaseScore, countedWork, MedsslError, type RunListener, type Scores } from "@medssl/contract";
import type { Case, Label, Store } from "@medssl/datasets";
import { postProcess, type Vec3 } from "@medssl/imaging";
import { type Device, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import { ImageSet, labelText, type Selection } from "../data/image-set.ts";
import { labelRoles } from "../data/label-roles.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { type MeasureOptions, measureCase } from "../metrics/measure-case.ts";
import { summarizeScores } from "../metrics/summarize-scores.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { type AssumedSpacing, assumeSpacing, spacingNotes } from "./spacing.ts";
import { type StoredVolume, storedVolumes } from "./stored-volumes.ts";
import { segmentStored, volumeMaps } from "./volume-maps.ts";

export interface EvaluateOptions {
  /** Folder of a fine-tuning run. */
  readonly dir: string;
  readonly stores: readonly Store[];
  /** `held-out`: patients that the run kept for testing; `all`: every case with a mask. */
  readonly on: "held-out" | "all";
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  readonly metrics?: MetricChoice;
}

export interface MetricChoice {
  /** Of the NSD, in mm. @default 2 */
  readonly toleranceMm?: number | undefined;
  /** What clDice is measured of. @default "pictures" */
  readonly clDice?: MeasureOptions["clDice"] | undefined;
  /** Where nothing says how large a pixel is: taken for it. @default none: distances are left out there */
  readonly assumedSpacing?: AssumedSpacing | undefined;
}

export const DEFAULT_TOLERANCE_MM = 2;

export interface Evaluation {
  readonly scores: Scores;
  readonly set: ImageSet;
  /** The cases of the scores, as images of `set`. */
  readonly volumes: readonly StoredVolume[];
  /** Of each case of the scores the image of `set` that shows most of its structures. */
  readonly shownImages: readonly number[];
  /** The label map of one image of `set`, uint8 [H, W]; a slice is cleaned by itself. */
  predict(index: number): Tensor;
}

/** @returns undefined when the signal came before all was measured. */
export async function evaluateRun(options: EvaluateOptions): Promise<Evaluation | undefined> {
  const { dir, stores, on, device, listen, signal, metrics = {} } = options;
  const { run, network } = loadSegmenter(dir, device);
  const selections = stores.map((store) => ({ store, cases: measurable(store.cases, run, on) }));
  if (on === "held-out") checkHeldOut(stores, selections, dir);
  const set = new ImageSet(selections);
  const { classes, ignoredValue } = labelRoles(set.labels);
  checkLabels(classes, run, dir);
  const { kinds = set.kinds } = run;
  if (!set.kinds.some((kind) => kinds.includes(kind))) {
    const message = `${dir} learned from images of the kind ${kinds.join(", ")}, these are ${set.kinds.join(", ")}`;
    listen({ type: "note", level: "warning", message });
  }
  const work = countedWork("measure", set.count, listen);
  const { inputSize, inference, contextSlices } = run.recipe;
  const manner = { inputSize, inference, contextSlices, statistics: run.statistics, device, signal };
  const volumes = assumeSpacing(storedVolumes(selections), metrics.assumedSpacing);
  const { toleranceMm = DEFAULT_TOLERANCE_MM, clDice = "pictures" } = metrics;
  const scale = (set.width * set.height) / (run.input.width * run.input.height);
  const clean = (labels: Uint8Array, shape: Vec3) => postProcess({ labels, shape }, run.postProcessing ?? [], scale);
  const scored: CaseScore[] = [];
  const shownImages: number[] = [];
  const maps = volumeMaps(network, set, volumes, { ...manner, advance: () => work.advance() });
  for await (const { volume, truth, prediction } of maps) {
    const { name: id, patient, shape, spacingMm, indices } = volume;
    const pair = { case: id, patient, truth, prediction: clean(prediction, shape), shape, spacingMm };
    scored.push(measureCase(pair, { labels: classes, ignoredValue, toleranceMm, clDice }));
    shownImages.push(indices[fullestSlice(truth, volume, ignoredValue)]!);
  }
  if (!work.end()) return undefined;
  const scores = summarizeScores(scored, classes);
  return {
    scores: { ...scores, toleranceMm, notes: spacingNotes(volumes) },
    set,
    volumes,
    shownImages,
    predict: (index) =>
      scope(() => {
        const found = segmentStored(network, set, [index], manner).select(0, 0);
        const shape = [1, set.height, set.width] as const;
        return fromTypedArray(clean(found.contiguous().toTypedArray() as Uint8Array, shape), [set.height, set.width]);
      }),
  };
}

/** The stored slice with most structure in it, as a position in `places`. */
function fullestSlice(
  truth: Uint8Array,
  { places, shape: [, height, width] }: StoredVolume,
  ignored: number | undefined,
): number {
  const size = height * width;
  let [fullest, most] = [0, -1];
  for (const [i, place] of places.entries()) {
    let count = 0;
    for (let pixel = place * size; pixel < (place + 1) * size; pixel++) {
      if (truth[pixel] !== 0 && truth[pixel] !== ignored) count++;
    }
    if (count > most) [fullest, most] = [i, count];
  }
  return fullest;
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

/** Masks there are, but of other patients than those whom the run left for testing. */
function checkHeldOut(stores: readonly Store[], selections: readonly Selection[], dir: string): void {
  if (selections.some(({ cases }) => cases.length > 0)) return;
  if (!stores.some(({ cases }) => cases.some(({ hasMask }) => hasMask))) return;
  const names = stores.map((store) => store.dir).join(", ");
  throw new MedsslError(
    "ERR_HELD_OUT",
    `${names}: no patient with a mask is among those that ${dir} kept for testing.`,
    {
      hint: "Give the store that it was fine-tuned on; of a store that it never saw, --on all measures every image with a mask.",
    },
  );
}

function checkLabels(classes: readonly Label[], run: FinetuneRun, dir: string): void {
  const [own, found] = [labelText(run.labels), labelText(classes)];
  if (own === found) return;
  throw new MedsslError("ERR_LABELS_DIFFER", `${dir} was trained for the labels ${own}; the store has ${found}.`, {
    hint: "Ingest the store with --labels so that names and values agree.",
  });
}
