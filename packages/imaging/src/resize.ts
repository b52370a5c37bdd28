/**
 * Changes of size: bicubic with antialiasing for images, nearest neighbor for labels.
 *
 * Shapes    [H, W, C] in, [height, width, C] out, same type. Pixel centers are at half-integers (corners align).
 * Bicubic   a = -0.5; when shrinking the kernel widens with the factor, so no pixel of the source is skipped. Two
 *           passes, rounded and clipped to the type after each, as Pillow does: equal to its BICUBIC but for rounding.
 * Nearest   the source pixel that holds the center of the target pixel, as Pillow's NEAREST but for centers on a border
 *           between two, where rounding decides; never makes a new value.
 * Way       in the kernel (WebAssembly with SIMD), a band of rows at a time: sums of 8 bits are floats of 32 bits, those of
 *           16 bits of 64.
 * Source    Keys, IEEE Trans. ASSP 29:1153 (1981).
 */

import type { Image, LabelImage, WholePixels } from "./image.ts";
import { lookUpLevels, type Shorts } from "./intensity.ts";
import { resizeInKernel, type Size } from "./resize-in-kernel.ts";

export function resizeImage<Pixels extends WholePixels>(
  image: Image<Pixels>,
  width: number,
  height: number,
): Image<Pixels> {
  const { channels, data } = image;
  if (width === image.width && height === image.height) return image;
  return { width, height, channels, data: resizeInKernel(image, { width, height }, data) };
}

/**
 * 16 bits to 8 by a table (`levelTable`) and to another size, in one go: the 8 bits are never in memory at their full size.
 */
export function resizeLevels(image: Image<Shorts>, table: Uint8Array, { width, height }: Size): Image<Uint8Array> {
  const { channels, data } = image;
  const isSame = width === image.width && height === image.height;
  const levels = isSame ? lookUpLevels(data, table) : resizeInKernel(image, { width, height }, table, table);
  return { width, height, channels, data: levels };
}

export function resizeLabels(labels: LabelImage, width: number, height: number): LabelImage {
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * labels.width) / width));
  const data = new Uint8Array(width * height);
  let before = -1;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * labels.height) / height);
    const start = y * width;
    if (row === before) data.copyWithin(start, start - width, start);
    else for (let x = 0; x < width; x++) data[start + x] = labels.data[row * labels.width + columns[x]!]!;
    before = row;
  }
  return { width, height, channels: 1, data };
}
