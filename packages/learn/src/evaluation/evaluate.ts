/**
 * A trained network measured on images with masks, by class and by case, at the stored size.
 *
 * Case     a picture, or all stored slices of a volume together: Dice over the whole volume, distances in three dimensions.
 * Who      patients that the network's labels came from are never measured on.
 * Memory   one volume at a time, or a batch of pictures.
 */
import { setImmediate } from "node:timers/promises";
import { type CaseScore, countedWork, MedsslError, type RunListener, type Scores } from "@medssl/contract";
import type { Case, Label, Store } from "@medssl/datasets";
import { type Device, scope, type Tensor } from "@medssl/torch";
import { ImageSet, labelText } from "../data/image-set.ts";
import { labelRoles } from "../data/label-roles.ts";
import { labelMaps, type Segmenter, segmentImages } from "../inference/segment-images.ts";
import { type MeasureOptions, measureCase } from "../metrics/measure-case.ts";
import { summarizeScores } from "../metrics/summarize-scores.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { loadSegmenter } from "./load-segmenter.ts";
import { type AssumedSpacing, assumeSpacing, spacingNotes } from "./spacing.ts";
import { type StoredVolume, storedVolumes } from "./stored-volumes.ts";

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
  /** Of each case of the scores the image of `set` that shows most of its structures. */
  readonly shownImages: readonly number[];
  /** The network's label map of one image of `set`, uint8 [H, W]. */
  predict(index: number): Tensor;
}

/** Images segmented at a time. */
const BATCH = 16;

/** @returns undefined when the signal came before all was measured. */
export async function evaluateRun(options: EvaluateOptions): Promise<Evaluation | undefined> {
  const { dir, stores, on, device, listen, signal, metrics = {} } = options;
  const { run, network } = loadSegmenter(dir, device);
  const selections = stores.map((store) => ({ store, cases: measurable(store.cases, run, on) }));
  const set = new ImageSet(selections);
  const { classes, ignoredValue } = labelRoles(set.labels);
  checkLabels(classes, run, dir);
  const { inputSize, inference, contextSlices } = run.recipe;
  const manner = { inputSize, inference, statistics: run.statistics };
  const segment = (indices: readonly number[]) =>
    scope(() =>
      labelMaps(segmentImages(network as Segmenter, set.images(indices, device, contextSlices), manner)).to({
        device: "cpu",
      }),
    );
  const volumes = assumeSpacing(storedVolumes(selections), metrics.assumedSpacing);
  const { toleranceMm = DEFAULT_TOLERANCE_MM, clDice = "pictures" } = metrics;
  const scored: CaseScore[] = [];
  const shownImages: number[] = [];
  const work = countedWork("measure", set.count, listen);
  for (const group of grouped(volumes)) {
    const cases = group.map((volume) => ({ volume, truth: emptyMap(volume), prediction: emptyMap(volume) }));
    const slices = cases.flatMap((one) =>
      one.volume.indices.map((index, i) => ({ ...one, index, place: one.volume.places[i]! })),
    );
    for (let start = 0; start < slices.length && !signal?.aborted; start += BATCH) {
      const batch = slices.slice(start, start + BATCH);
      const indices = batch.map(({ index }) => index);
      scope(() => {
        const [truths, predictions] = [set.masks(indices), segment(indices)].map(pixelsOf) as [Uint8Array, Uint8Array];
        const size = truths.length / batch.length;
        for (const [i, { truth, prediction, place }] of batch.entries()) {
          truth.set(truths.subarray(i * size, (i + 1) * size), place * size);
          prediction.set(predictions.subarray(i * size, (i + 1) * size), place * size);
        }
      });
      for (const _ of batch) work.advance();
      await setImmediate();
    }
    if (signal?.aborted) break;
    for (const { volume, ...maps } of cases) {
      const { name: id, patient, shape, spacingMm, indices } = volume;
      const options = { labels: classes, ignoredValue, toleranceMm, clDice };
      scored.push(measureCase({ case: id, patient, shape, spacingMm, ...maps }, options));
      shownImages.push(indices[fullestSlice(maps.truth, volume, ignoredValue)]!);
    }
  }
  if (!work.end()) return undefined;
  const scores = summarizeScores(scored, classes);
  return {
    scores: { ...scores, toleranceMm, notes: spacingNotes(volumes) },
    set,
    shownImages,
    predict: (index) => scope(() => segment([index]).select(0, 0)),
  };
}

const emptyMap = ({ shape: [depth, height, width] }: StoredVolume): Uint8Array =>
  new Uint8Array(depth * height * width);

const pixelsOf = (tensor: Tensor): Uint8Array => tensor.contiguous().toTypedArray() as Uint8Array;

/** Pictures by the batch, as the network is fastest; large volumes one by one, as memory is short. */
function* grouped(volumes: readonly StoredVolume[]): Generator<StoredVolume[]> {
  let group: StoredVolume[] = [];
  let numSlices = 0;
  for (const volume of volumes) {
    if (numSlices > 0 && numSlices + volume.indices.length > BATCH) {
      yield group;
      [group, numSlices] = [[], 0];
    }
    group.push(volume);
    numSlices += volume.indices.length;
  }
  if (numSlices > 0) yield group;
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

function checkLabels(classes: readonly Label[], run: FinetuneRun, dir: string): void {
  const [own, found] = [labelText(run.labels), labelText(classes)];
  if (own === found) return;
  throw new MedsslError("ERR_LABELS_DIFFER", `${dir} was trained for the labels ${own}; the store has ${found}.`, {
    hint: "Ingest the store with --labels so that names and values agree.",
  });
}
