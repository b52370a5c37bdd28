/**
 * What each precision of an exported network loses on held-out patients: all of them segmented by libtorch and by every file,
 * the same way before and behind the network.
 *
 * Memory   a few slices with their logits, and one volume's label maps.
 */
import { type CaseScore, countedWork, type ModelCard, type RunListener, type WeightPrecision } from "@medssl/contract";
import { postProcess, type Vec3 } from "@medssl/imaging";
import type { Device } from "@medssl/torch";
import type { ImageSet } from "../data/image-set.ts";
import { labelRoles } from "../data/label-roles.ts";
import type { StoredVolume } from "../evaluation/stored-volumes.ts";
import { segmentStored } from "../evaluation/volume-maps.ts";
import type { Segmenter } from "../inference/segment-images.ts";
import { measureCase } from "../metrics/measure-case.ts";
import { summarizeScores } from "../metrics/summarize-scores.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import {
  type AsyncNetwork,
  answering,
  askAll,
  inputsOf,
  sameShare,
  torchLogits,
  type WorstAnswer,
  worseOf,
} from "./queued-network.ts";

/** Slices at a time: all of their tiles' logits are in memory. */
const AT_ONCE = 4;

export interface MeasurePrecisionsOptions {
  readonly run: FinetuneRun;
  readonly set: ImageSet;
  readonly volumes: readonly StoredVolume[];
  readonly networks: ReadonlyMap<WeightPrecision, AsyncNetwork>;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface PrecisionLoss {
  readonly loss: NonNullable<ModelCard["weights"][number]["loss"]>;
  /** The logits that differ most from libtorch's. */
  readonly worst: WorstAnswer;
}

/** One network's results so far. */
interface Results {
  readonly scores: CaseScore[];
  worst: WorstAnswer | undefined;
  /** Pixels with libtorch's label. */
  same: number;
}

/** @returns undefined when the signal came before all was measured. */
export async function measurePrecisions(
  network: Segmenter,
  { run, set, volumes, networks, device, listen, signal }: MeasurePrecisionsOptions,
): Promise<ReadonlyMap<WeightPrecision, PrecisionLoss> | undefined> {
  const { classes, ignoredValue } = labelRoles(set.labels);
  const { inputSize, inference, contextSlices } = run.recipe;
  const manner = { inputSize, inference, contextSlices, statistics: run.statistics, device };
  const numLabels = run.labels.length + 1;
  const scale = (set.width * set.height) / (run.input.width * run.input.height);
  const clean = (labels: Uint8Array, shape: Vec3) => postProcess({ labels, shape }, run.postProcessing ?? [], scale);
  const results = new Map(
    [...networks.keys()].map((name): [WeightPrecision, Results] => [name, { scores: [], worst: undefined, same: 0 }]),
  );
  const references: CaseScore[] = [];
  let pixels = 0;
  const work = countedWork("compare precisions", set.count, listen);
  for (const volume of volumes) {
    const { name: id, patient, indices, places, shape } = volume;
    const size = shape[1] * shape[2];
    const empty = () => new Uint8Array(shape[0] * size);
    const [truth, reference] = [empty(), empty()];
    const maps = new Map([...networks.keys()].map((name) => [name, empty()]));
    for (let start = 0; start < indices.length; start += AT_ONCE) {
      if (signal?.aborted) return undefined;
      const batch = indices.slice(start, start + AT_ONCE);
      const put = (map: Uint8Array, values: Uint8Array) =>
        batch.forEach((_, i) => {
          map.set(values.subarray(i * size, (i + 1) * size), places[start + i]! * size);
        });
      const segment = (used: Segmenter) =>
        segmentStored(used, set, batch, manner).contiguous().toTypedArray() as Uint8Array;
      put(truth, set.masks(batch).contiguous().toTypedArray() as Uint8Array);
      const inputs = await inputsOf(segment, numLabels);
      const wanted = inputs.map((input) => torchLogits(network, input, device));
      put(reference, segment(answering(wanted, numLabels)));
      for (const [name, other] of networks) {
        const { answers, worst } = await askAll(other, inputs, wanted);
        const result = results.get(name)!;
        result.worst = worseOf(result.worst, worst);
        put(maps.get(name)!, segment(answering(answers, numLabels)));
      }
      work.advance({}, batch.length);
    }
    const cleaned = clean(reference, shape);
    const score = (prediction: Uint8Array) =>
      measureCase(
        { case: id, patient, truth, prediction, shape },
        { labels: classes, ignoredValue, toleranceMm: 0, clDice: "none" },
      );
    references.push(score(cleaned));
    for (const [name, map] of maps) {
      const found = clean(map, shape);
      const result = results.get(name)!;
      result.scores.push(score(found));
      result.same += sameShare(found, cleaned) * found.length;
    }
    pixels += cleaned.length;
  }
  if (!work.end()) return undefined;
  const best = summarizeScores(references, classes).dice;
  return new Map(
    [...results].map(([name, { scores, worst, same }]) => {
      const { dice } = summarizeScores(scores, classes);
      const loss = { dice, change: dice - best, sameLabels: same / pixels, images: set.count };
      return [name, { loss, worst: worst! }];
    }),
  );
}
