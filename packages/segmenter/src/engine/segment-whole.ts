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
import { runView, VIEWS } from "./views.ts";

export async function segmentWhole(network: Network, images: Planes, options: EngineOptions): Promise<SliceLabels> {
  const { inputSize, numLabels, wishes, flips, pause } = options;
  const { numImages, channels, height, width } = images;
  const own = { height, width };
  const square = { height: inputSize, width: inputSize };
  const input = resizeAntialiased(images.data, own, square);
  const rows = new BilinearRows(square, own);
  const size = height * width;
  const labels = new Uint8Array(numImages * size);
  const views = VIEWS[flips];
  // The greatest logit is the likeliest label: without need for them no probability is computed.
  const needsAll = wishes.fractions || views.length > 1;
  const row = new Float32Array(needsAll ? 0 : numLabels * width);
  const margins = wishes.margins ? new Float32Array(numImages * (numLabels - 1) * size) : undefined;
  const keepMargins = (scores: Float32Array, start: number, stride: number, count: number, image: number, at: number) =>
    margins &&
    writeMargins(scores, start, numLabels, stride, count, margins, image * (numLabels - 1) * size + at, size);
  const sums = new Float32Array(needsAll ? numImages * numLabels * size : 0);
  const scores = new Float32Array(sums.length);
  for (const [i, view] of views.entries()) {
    await pause();
    const logits = await runView(network, input, [numImages, channels, inputSize, inputSize], numLabels, view);
    for (let image = 0; image < numImages; image++) {
      for (let y = 0; y < height; y++) {
        for (let label = 0; label < numLabels; label++) {
          const plane = image * numLabels + label;
          if (needsAll) rows.write(logits, plane, y, scores, plane * size + y * width);
          else rows.write(logits, plane, y, row, label * width);
        }
        if (needsAll) continue;
        writeLabels(row, 0, numLabels, width, width, labels, image * size + y * width);
        keepMargins(row, 0, width, width, image, y * width);
      }
      if (!needsAll) continue;
      // Of logits where there is one view, as without fractions.
      if (views.length === 1) keepMargins(scores, image * numLabels * size, size, size, image, 0);
      addSoftmax(scores, image * numLabels * size, numLabels, size, sums, i === 0);
    }
  }
  if (!needsAll) return { labels, margins };
  for (let image = 0; image < numImages; image++) {
    writeLabels(sums, image * numLabels * size, numLabels, size, size, labels, image * size);
    if (views.length > 1) keepMargins(sums, image * numLabels * size, size, size, image, 0);
  }
  const fractions = wishes.fractions ? fractionsOf(sums, numImages, numLabels, size, views.length) : undefined;
  return { labels, fractions, margins };
}
