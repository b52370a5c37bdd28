/**
 * Pictures as a whole: brought to the size that the network sees, its logits brought back.
 *
 * Shapes   labels [B, height, width]; fractions [B, K, height, width], 0-255.
 * Equal    to `learn`'s `segmentImages` in the mode `whole`: antialiased on the way in, bilinear on the way out, the
 *          probabilities of mirrored views averaged.
 */
import type { SliceLabels } from "@medssl/imaging";
import { type EngineOptions, fractionsOf } from "./engine-options.ts";
import type { Network } from "./network.ts";
import { addSoftmax, writeLabels, writeMargins } from "./probabilities.ts";
import { BilinearRows, resizeAntialiased } from "./resize.ts";
import type { Planes } from "./standardize.ts";
import { runView, VIEWS, type View } from "./views.ts";

export async function segmentWhole(network: Network, images: Planes, options: EngineOptions): Promise<SliceLabels> {
  const { inputSize, flips, wishes, numLabels, pause } = options;
  const { numImages, channels, height, width } = images;
  const own = { height, width };
  const square = { height: inputSize, width: inputSize };
  const input = resizeAntialiased(images.data, own, square);
  const rows = new BilinearRows(square, own);
  const scaledRow = (
    logits: Float32Array,
    image: number,
    y: number,
    target: Float32Array,
    at: number,
    stride: number,
  ) => {
    for (let label = 0; label < numLabels; label++) {
      rows.write(logits, image * numLabels + label, y, target, at + label * stride);
    }
  };
  const size = height * width;
  const labels = new Uint8Array(numImages * size);
  const numOthers = numLabels - 1;
  const margins = wishes.margins ? new Float32Array(numImages * numOthers * size) : undefined;
  const logitsOf = async (view: View) => {
    await pause();
    return await runView(network, input, [numImages, channels, inputSize, inputSize], numLabels, view);
  };
  /** Labels and margins of `count` pixels of an image from number `first` on. */
  const keep = (scores: Float32Array, start: number, stride: number, image: number, first: number, count: number) => {
    writeLabels(scores, start, numLabels, stride, count, labels, image * size + first);
    if (margins) writeMargins(scores, start, numLabels, stride, count, margins, image * numOthers * size + first, size);
  };
  const views = VIEWS[flips];
  if (views.length === 1 && !wishes.fractions) {
    // The greatest logit is the likeliest label: no probability is computed, and no more than a row is in memory.
    const logits = await logitsOf(views[0]!);
    const row = new Float32Array(numLabels * width);
    for (let at = 0; at < numImages * height; at++) {
      const [image, y] = [Math.floor(at / height), at % height];
      scaledRow(logits, image, y, row, 0, width);
      keep(row, 0, width, image, y * width, width);
    }
    return { labels, margins };
  }
  const scores = new Float32Array(numImages * numLabels * size);
  const sums = new Float32Array(scores.length);
  for (const [i, view] of views.entries()) {
    const logits = await logitsOf(view);
    for (let image = 0; image < numImages; image++) {
      const start = image * numLabels * size;
      for (let y = 0; y < height; y++) scaledRow(logits, image, y, scores, start + y * width, size);
      // Of logits where there is one view, as without fractions.
      if (views.length === 1) keep(scores, start, size, image, 0, size);
      addSoftmax(scores, start, numLabels, size, sums, i === 0);
      if (views.length > 1 && i === views.length - 1) keep(sums, start, size, image, 0, size);
    }
  }
  return {
    labels,
    fractions: wishes.fractions ? fractionsOf(sums, numImages, numLabels, size, views.length) : undefined,
    margins,
  };
}
