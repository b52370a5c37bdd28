/**
 * Changes of size: bicubic with antialiasing for images, nearest neighbor for labels.
 *
 * Shapes    [H, W, C] in, [height, width, C] out, same type. Pixel centers are at half-integers (corners align).
 * Bicubic   a = -0.5; when shrinking the kernel widens with the factor, so no pixel of the source is skipped. Two
 *           passes, rounded and clipped to the type after each, as Pillow does: equal to its BICUBIC within 1 level.
 * Nearest   the source pixel that holds the center of the target pixel, as Pillow's NEAREST; never makes a new value.
 * Cost      per target pixel 4 * max(1, factor) source pixels in each pass.
 * Source    Keys, IEEE Trans. ASSP 29:1153 (1981).
 */

import { emptyLike } from "./channels.ts";
import type { Image, LabelImage } from "./image.ts";

export function resizeImage<Pixels extends Uint8Array | Uint16Array>(
  image: Image<Pixels>,
  width: number,
  height: number,
): Image<Pixels> {
  const { channels } = image;
  const narrow = width === image.width ? image.data : resizeRows(image, width);
  if (height === image.height) return { width, height, channels, data: narrow };
  return { width, height, channels, data: resizeColumns(narrow, width * channels, image.height, height) };
}

export function resizeLabels(labels: LabelImage, width: number, height: number): LabelImage {
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * labels.width) / width));
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * labels.height) / height) * labels.width;
    for (let x = 0; x < width; x++) data[y * width + x] = labels.data[row + columns[x]!]!;
  }
  return { width, height, channels: 1, data };
}

/** For each target pixel, the first source pixel that it takes from, and the weights of that one and the following. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

function bicubicTaps(sourceSize: number, targetSize: number): Taps {
  const factor = sourceSize / targetSize;
  const spread = Math.max(factor, 1);
  const first = new Int32Array(targetSize);
  const weights = Array.from({ length: targetSize }, (_, target) => {
    const center = (target + 0.5) * factor;
    const start = Math.max(Math.floor(center - 2 * spread + 0.5), 0);
    const end = Math.min(Math.floor(center + 2 * spread + 0.5), sourceSize);
    first[target] = start;
    const raw = Float64Array.from({ length: end - start }, (_, i) => cubic((start + i + 0.5 - center) / spread));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return raw.map((weight) => weight / sum);
  });
  return { first, weights };
}

function cubic(x: number): number {
  const distance = Math.abs(x);
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  if (distance < 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return 0;
}

function resizeRows<Pixels extends Uint8Array | Uint16Array>(image: Image<Pixels>, width: number): Pixels {
  const { data, channels, height } = image;
  const taps = bicubicTaps(image.width, width);
  const largest = data instanceof Uint8Array ? 255 : 65535;
  const result = emptyLike(data, width * height * channels);
  for (let x = 0; x < width; x++) {
    const weights = taps.weights[x]!;
    for (let channel = 0; channel < channels; channel++) {
      const start = taps.first[x]! * channels + channel;
      for (let y = 0; y < height; y++) {
        let sum = 0.5;
        let source = y * image.width * channels + start;
        for (let i = 0; i < weights.length; i++, source += channels) sum += weights[i]! * data[source]!;
        result[(y * width + x) * channels + channel] = Math.min(Math.max(sum, 0), largest);
      }
    }
  }
  return result;
}

/** The same down the columns; `stride` is the number of values in a row. */
function resizeColumns<Pixels extends Uint8Array | Uint16Array>(
  data: Pixels,
  stride: number,
  sourceHeight: number,
  height: number,
): Pixels {
  const taps = bicubicTaps(sourceHeight, height);
  const largest = data instanceof Uint8Array ? 255 : 65535;
  const result = emptyLike(data, stride * height);
  const sums = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    const weights = taps.weights[y]!;
    sums.fill(0.5);
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      const row = (taps.first[y]! + i) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * data[row + x]!;
    }
    for (let x = 0; x < stride; x++) {
      const sum = sums[x]!;
      result[y * stride + x] = Math.min(Math.max(sum, 0), largest);
    }
  }
  return result;
}
