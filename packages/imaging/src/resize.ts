/**
 * Changes of size: bicubic with antialiasing for images, nearest neighbor for labels.
 *
 * Shapes    [H, W, C] in, [height, width, C] out, same type. Pixel centers are at half-integers (corners align).
 * Bicubic   a = -0.5; when shrinking the kernel widens with the factor, so no pixel of the source is skipped. Two
 *           passes, rounded and clipped to the type after each, as Pillow does: equal to its BICUBIC but for rounding.
 * Nearest   the source pixel that holds the center of the target pixel, as Pillow's NEAREST but for centers on a border
 *           between two, where rounding decides; never makes a new value.
 * Cost      per target pixel 4 * max(1, factor) source pixels in each pass.
 * Source    Keys, IEEE Trans. ASSP 29:1153 (1981).
 */

import { emptyLike } from "./channels.ts";
import type { Image, LabelImage, WholePixels } from "./image.ts";

export function resizeImage<Pixels extends WholePixels>(
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

/** Which source pixels each target pixel is made of. */
interface Taps {
  /** The first source pixel of each target pixel. */
  readonly first: Int32Array;
  /** Weights of that one and the following, `numTaps` for each target pixel; unused ones are 0. */
  readonly weights: Float64Array;
  readonly numTaps: number;
}

function bicubicTaps(sourceSize: number, targetSize: number): Taps {
  const factor = sourceSize / targetSize;
  const spread = Math.max(factor, 1);
  const numTaps = Math.min(Math.ceil(4 * spread) + 1, sourceSize);
  const first = new Int32Array(targetSize);
  const weights = new Float64Array(targetSize * numTaps);
  for (let target = 0; target < targetSize; target++) {
    const center = (target + 0.5) * factor;
    const start = Math.max(Math.floor(center - 2 * spread + 0.5), 0);
    const end = Math.min(Math.floor(center + 2 * spread + 0.5), sourceSize);
    // At the far border the window moves inwards, so that every tap lies in the source.
    first[target] = Math.min(start, sourceSize - numTaps);
    const offset = target * numTaps - first[target]!;
    let sum = 0;
    for (let source = start; source < end; source++) sum += cubic((source + 0.5 - center) / spread);
    for (let source = start; source < end; source++) {
      weights[offset + source] = cubic((source + 0.5 - center) / spread) / sum;
    }
  }
  return { first, weights, numTaps };
}

function cubic(x: number): number {
  const distance = Math.abs(x);
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  if (distance < 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return 0;
}

/** Smallest and largest value of the type. */
function rangeOf(data: WholePixels): [least: number, most: number] {
  if (data instanceof Int16Array) return [-32768, 32767];
  return [0, data instanceof Uint8Array ? 255 : 65535];
}

function resizeRows<Pixels extends WholePixels>(image: Image<Pixels>, width: number): Pixels {
  const { data, channels, height } = image;
  const { first, weights, numTaps } = bicubicTaps(image.width, width);
  const [least, most] = rangeOf(data);
  const result = emptyLike(data, width * height * channels);
  for (let y = 0, target = 0; y < height; y++) {
    const row = y * image.width;
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++, target++) {
        let source = (row + first[x]!) * channels + channel;
        let sum = 0.5;
        for (let tap = x * numTaps; tap < (x + 1) * numTaps; tap++, source += channels) {
          sum += weights[tap]! * data[source]!;
        }
        result[target] = Math.min(Math.max(Math.floor(sum), least), most);
      }
    }
  }
  return result;
}

/** The same down the columns; `stride` is the number of values in a row. */
function resizeColumns<Pixels extends WholePixels>(
  data: Pixels,
  stride: number,
  sourceHeight: number,
  height: number,
): Pixels {
  const { first, weights, numTaps } = bicubicTaps(sourceHeight, height);
  const [least, most] = rangeOf(data);
  const result = emptyLike(data, stride * height);
  const sums = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(0.5);
    for (let tap = 0; tap < numTaps; tap++) {
      const weight = weights[y * numTaps + tap]!;
      const row = (first[y]! + tap) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * data[row + x]!;
    }
    for (let x = 0; x < stride; x++) {
      const sum = sums[x]!;
      result[y * stride + x] = Math.min(Math.max(Math.floor(sum), least), most);
    }
  }
  return result;
}
