/**
 * How unsure fine-tuned networks are of an image, and how far their views of it differ.
 *
 * Views         each network sees the image as it is, brighter and darker: what a contour may not depend on.
 * Uncertainty   entropy of the mean over networks and views, per pixel, as a share of the highest possible; averaged over
 *               the pixels that may be foreground. It contains the disagreement.
 * Disagreement  the part of it that comes from views which are each sure, but of different things (mutual information).
 * Limits        a network that misses a structure altogether and is sure of it gives no sign. A picture that is no such image
 *               at all is uncertain too: look at the sheet before annotating.
 * Errors        `ERR_LABELS_DIFFER` for models of different labels, and those of the runs.
 * Source        Houlsby et al., "Bayesian active learning" (2011); Gal, Islam & Ghahramani (2017).
 */
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError } from "@medssl/contract";
import { type Device, scope, stack, type Tensor } from "@medssl/torch";
import { type ImageSet, labelText } from "../data/image-set.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { type Segmenter, segmentImages } from "../inference/segment-images.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import type { ImageVectorsOptions } from "./image-vectors.ts";

export interface Uncertainty {
  /** 0-1. */
  readonly total: number;
  /** 0-1, at most `total`. */
  readonly disagreement: number;
}

export interface Committee {
  readonly runs: readonly FinetuneRun[];
  /** Probabilities of the stored size for each network and view of some images: [V, B, K + 1, H, W]. */
  readonly views: (set: ImageSet, indices: readonly number[]) => Tensor;
}

/** Exponents of grey values. */
const GAMMAS = [1, 0.8, 1.25];
/** Pixels that are less likely than this to be background count. */
const BACKGROUND = 0.9;
/** Share of the pixels that the sum is divided by at least: a speck of doubt is not a doubtful image. */
const AREA = 0.01;
const BATCH = 8;

/** @param dirs Folders of complete fine-tuning runs, at least one. */
export function loadCommittee(dirs: readonly string[], device: Device): Committee {
  const members = dirs.map((dir) => loadSegmenter(dir, device));
  const [first, ...others] = members.map(({ run }) => labelText(run.labels));
  const different = others.findIndex((labels) => labels !== first);
  if (different >= 0) {
    throw new MedsslError(
      "ERR_LABELS_DIFFER",
      `Models of different labels cannot disagree: ${dirs[0]} was trained for ${first}, ${dirs[different + 1]} for ${others[different]}.`,
    );
  }
  return {
    runs: members.map(({ run }) => run),
    views: (set, indices) =>
      scope(() =>
        stack(
          members.flatMap(({ run, network }) => {
            const { inputSize, inference, contextSlices } = run.recipe;
            const manner = { inputSize, inference, statistics: run.statistics };
            const images = set.images(indices, device, contextSlices);
            return GAMMAS.map((gamma) => segmentImages(network as Segmenter, images.pow(gamma), manner));
          }),
        ),
      ),
  };
}

/** @returns For each of the positions; undefined when the signal came first. */
export async function uncertainties(
  { views }: Committee,
  set: ImageSet,
  positions: readonly number[],
  { listen, signal }: Pick<ImageVectorsOptions, "listen" | "signal">,
): Promise<Uncertainty[] | undefined> {
  const found: Uncertainty[] = [];
  const work = countedWork("ask the model", positions.length, listen);
  for (let start = 0; start < positions.length && !signal?.aborted; start += BATCH) {
    const batch = positions.slice(start, start + BATCH);
    found.push(...scope(() => uncertaintyOf(views(set, batch))));
    for (const _ of batch) work.advance();
    await setImmediate();
  }
  return work.end() ? found : undefined;
}

/** @param views Probabilities [V, B, K + 1, H, W] */
export function uncertaintyOf(views: Tensor): Uncertainty[] {
  return scope(() => {
    const highest = Math.log(views.size(2));
    const mean = views.mean(0); // [B, K + 1, H, W]
    const isDoubtful = mean.select(1, 0).lt(BACKGROUND).to({ dtype: "float32" }); // [B, H, W]
    const area = isDoubtful.sum([1, 2]).clamp(AREA * views.size(3) * views.size(4));
    const average = (map: Tensor) =>
      Array.from(map.mul(isDoubtful).sum([1, 2]).div(area).div(highest).to({ device: "cpu" }).toTypedArray(), Number);
    const total = entropy(mean, 1);
    const disagreement = average(total.sub(entropy(views, 2).mean(0)).clamp(0));
    return average(total).map((value, i) => ({ total: value, disagreement: disagreement[i]! }));
  });
}

const entropy = (probabilities: Tensor, axis: number): Tensor =>
  scope(() => probabilities.mul(probabilities.clamp(1e-12).log()).sum([axis]).neg());
