/**
 * A trained network on images: as a whole, or in overlapping tiles; with mirrored views where anatomy has no sides.
 *
 * Shapes   images of 0-1 [B, C, H, W]; probabilities [B, K + 1, H, W], background first; label maps uint8 [B, H, W].
 *          C is 1, or the number of slices that the network sees at once, the one to segment in their middle.
 * Whole    scaled to the input size, the logits scaled back.
 * Tiles    squares of the input size (sliding-window.ts).
 * Flips    the probabilities of the mirrored views are averaged, of each tile by itself.
 */
import type { InferenceOptions } from "@medssl/contract";
import { interpolate, noGrad, scope, type Tensor } from "@medssl/torch";
import { type Statistics, standardize } from "../augment/intensity.ts";
import { slideOver } from "./sliding-window.ts";

/** What segments: standardised images [B, C, S, S] to logits [B, K + 1, S, S]. */
export interface Segmenter {
  forward(images: Tensor): Tensor;
}

export interface SegmentOptions {
  /** Side of the square that the network sees, in pixels. */
  readonly inputSize: number;
  readonly inference: Pick<InferenceOptions, "mode" | "tileOverlap" | "flips">;
  readonly statistics: Statistics;
}

/** Probabilities of each class at each pixel. */
export function segmentImages(network: Segmenter, images: Tensor, options: SegmentOptions): Tensor {
  return segment(network, images, options, (probabilities) => probabilities);
}

/**
 * Probabilities, and how far each class is above the background: of logits where a picture is seen once as a whole, else of
 * the probabilities that were averaged.
 *
 * @returns `margins` [B, K, H, W]
 */
export function segmentMargins(
  network: Segmenter,
  images: Tensor,
  options: SegmentOptions,
): { readonly margins: Tensor; readonly probabilities: () => Tensor } {
  if (!isSeenOnce(options)) {
    const probabilities = segmentImages(network, images, options);
    return { margins: marginsOf(probabilities), probabilities: () => probabilities };
  }
  const logits = noGrad(() => network.forward(asInput(images, options)));
  const scaled = (scores: Tensor) => interpolate(scores, [images.size(2), images.size(3)]);
  return {
    margins: noGrad(() => scaled(marginsOf(logits))),
    probabilities: () => noGrad(() => scaled(logits).softmax(1)),
  };
}

/**
 * The likeliest class of each pixel, without the probabilities of the whole picture in memory: in tiles, those of one row
 * of tiles at a time.
 *
 * @returns uint8 [B, H, W]
 */
export function segmentLabels(network: Segmenter, images: Tensor, options: SegmentOptions): Tensor {
  return scope(() => {
    // The greatest logit is the likeliest class: no probability is computed, and the background needs no scaling.
    if (isSeenOnce(options)) return labelsOf(segmentMargins(network, images, options).margins);
    return segment(network, images, options, (probabilities) => labelMaps(probabilities).unsqueeze(1)).select(1, 0);
  });
}

/** The likeliest class of each pixel; the first of equals. @param probabilities [B, K + 1, H, W] @returns uint8 [B, H, W] */
export function labelMaps(probabilities: Tensor): Tensor {
  return scope(() => labelsOf(marginsOf(probabilities)));
}

const isSeenOnce = ({ inference: { mode, flips } }: SegmentOptions): boolean => mode === "whole" && flips === "none";

/** How far above the background each other class is. @param scores [B, K + 1, H, W] @returns [B, K, H, W] */
const marginsOf = (scores: Tensor): Tensor => scores.slice(1, 1).sub(scores.slice(1, 0, 1));

/**
 * The class that is furthest above the background, if one is. Class by class: ATen's argmax over any but the last axis takes
 * thirty times as long on a CPU.
 *
 * @param margins [B, K, H, W] @returns uint8 [B, H, W]
 */
export function labelsOf(margins: Tensor): Tensor {
  let most = margins.select(1, 0);
  let labels = most.gt(0).to({ dtype: "uint8" });
  for (let i = 1; i < margins.size(1); i++) {
    const own = margins.select(1, i);
    labels = labels.maskedFill(own.gt(most.relu()), i + 1);
    most = most.maximum(own);
  }
  return labels;
}

const asInput = (images: Tensor, { inputSize, statistics }: SegmentOptions): Tensor =>
  interpolate(standardize(images, statistics), [inputSize, inputSize], "bilinear-antialias");

function segment(
  network: Segmenter,
  images: Tensor,
  options: SegmentOptions,
  finish: (probabilities: Tensor) => Tensor,
): Tensor {
  const {
    inputSize,
    inference: { mode, tileOverlap, flips },
    statistics,
  } = options;
  return noGrad(() =>
    scope(() => {
      if (mode === "tiles") {
        // A tile does not know the mean of its image.
        const isTiledAfter = statistics.isPerImage === true;
        const predict = (tiles: Tensor) => {
          const input = isTiledAfter ? tiles : standardize(tiles, statistics);
          return averageOverFlips(input, flips, (x) => network.forward(x).softmax(1));
        };
        const source = isTiledAfter ? standardize(images, statistics) : images;
        return slideOver(predict, source, { tile: inputSize, overlap: tileOverlap }, finish);
      }
      const size = [images.size(2), images.size(3)] as const;
      const predict = (x: Tensor) => interpolate(network.forward(x), size).softmax(1);
      return finish(averageOverFlips(asInput(images, options), flips, predict));
    }),
  );
}

const FLIPPED_AXES = { none: [[]], horizontal: [[], [3]], both: [[], [3], [2], [2, 3]] } as const;

function averageOverFlips(
  images: Tensor,
  flips: InferenceOptions["flips"],
  predict: (images: Tensor) => Tensor,
): Tensor {
  const views = FLIPPED_AXES[flips];
  return scope(() => {
    const sum = scope(() => predict(images));
    for (const axes of views.slice(1)) scope(() => void sum.add_(predict(images.flip(axes)).flip(axes)));
    return views.length === 1 ? sum : sum.div_(views.length);
  });
}
