/**
 * A trained network on stored images: as a whole, or tile by tile.
 *
 * Shapes  images of 0-1 [B, 1, H, W] of the stored size; probabilities [B, K + 1, H, W], background first.
 * Tiles   squares of the input size, half overlapping; where they overlap their probabilities are averaged.
 */
import type { InferenceOptions } from "@medssl/contract";
import { interpolate, noGrad, scope, type Tensor, zeros } from "@medssl/torch";
import { type Statistics, standardize } from "../augment/intensity.ts";

/** What segments: standardised images [B, 1, S, S] to logits [B, K + 1, S, S]. */
export interface Segmenter {
  forward(images: Tensor): Tensor;
}

export interface SegmentOptions {
  /** Side of the square that the network sees, in pixels. */
  readonly inputSize: number;
  readonly inference: Pick<InferenceOptions, "mode">;
  readonly statistics: Statistics;
}

/** Probabilities of each class at each pixel. */
export function segmentImages(network: Segmenter, images: Tensor, options: SegmentOptions): Tensor {
  return noGrad(() =>
    scope(() => {
      const input = standardize(images, options.statistics);
      return options.inference.mode === "whole"
        ? segmentWhole(network, input, options.inputSize)
        : segmentTiles(network, input, options.inputSize);
    }),
  );
}

function segmentWhole(network: Segmenter, images: Tensor, inputSize: number): Tensor {
  const input = interpolate(images, [inputSize, inputSize], "bilinear-antialias");
  const logits = interpolate(network.forward(input), [images.size(2), images.size(3)]);
  return logits.softmax(1);
}

/** Positions of overlapping tiles that cover an axis; the last one ends with it. */
export function tileStarts(length: number, tile: number): number[] {
  if (length <= tile) return [0];
  const count = Math.ceil((length - tile) / (tile / 2)) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - tile)) / (count - 1)));
}

function segmentTiles(network: Segmenter, images: Tensor, tile: number): Tensor {
  const [height, width] = [images.size(2), images.size(3)];
  const padded = images.pad([0, Math.max(0, tile - width), 0, Math.max(0, tile - height)]);
  let sum: Tensor | undefined;
  const weight = zeros([1, 1, padded.size(2), padded.size(3)], { device: images.device });
  for (const top of tileStarts(height, tile)) {
    for (const left of tileStarts(width, tile)) {
      sum = scope(() => {
        const window = (tensor: Tensor) => tensor.slice(2, top, top + tile).slice(3, left, left + tile);
        const probabilities = network.forward(window(padded)).softmax(1);
        const total =
          sum ??
          zeros([images.size(0), probabilities.size(1), padded.size(2), padded.size(3)], { device: images.device });
        window(total).add_(probabilities);
        window(weight).add_(1);
        return total;
      });
    }
  }
  return sum!.div(weight).slice(2, 0, height).slice(3, 0, width);
}

/** The likeliest class of each pixel. @param probabilities [B, K + 1, H, W] @returns uint8 [B, H, W] */
export function labelMaps(probabilities: Tensor): Tensor {
  return scope(() => probabilities.argmax(1).to({ dtype: "uint8" }));
}
