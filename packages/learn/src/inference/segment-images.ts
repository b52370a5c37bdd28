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
import { interpolate, noGrad, scope, type Tensor, zeros } from "@medssl/torch";
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
 * The likeliest class of each pixel, without the probabilities of the whole picture in memory: in tiles, those of one row
 * of tiles at a time.
 *
 * @returns uint8 [B, H, W]
 */
export function segmentLabels(network: Segmenter, images: Tensor, options: SegmentOptions): Tensor {
  const find = (probabilities: Tensor) => labelMaps(probabilities).unsqueeze(1);
  return scope(() => segment(network, images, options, find).select(1, 0));
}

/**
 * The likeliest class of each pixel; the first of equals. Class by class: ATen's argmax over any but the last axis takes
 * thirty times as long on a CPU.
 *
 * @param probabilities [B, K + 1, H, W] @returns uint8 [B, H, W]
 */
export function labelMaps(probabilities: Tensor): Tensor {
  return scope(() => {
    let most = probabilities.select(1, 0);
    let labels = zeros(most.shape, { dtype: "uint8", device: most.device });
    for (let label = 1; label < probabilities.size(1); label++) {
      const own = probabilities.select(1, label);
      labels = labels.maskedFill(own.gt(most), label);
      most = most.maximum(own);
    }
    return labels;
  });
}

function segment(
  network: Segmenter,
  images: Tensor,
  { inputSize, inference: { mode, tileOverlap, flips }, statistics }: SegmentOptions,
  finish: (probabilities: Tensor) => Tensor,
): Tensor {
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
      const input = interpolate(standardize(images, statistics), [inputSize, inputSize], "bilinear-antialias");
      return finish(averageOverFlips(input, flips, (x) => interpolate(network.forward(x), size).softmax(1)));
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
