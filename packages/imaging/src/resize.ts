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

import { emptyLike } from "./channels.ts";
import { type Taps, tapsAlong } from "./geometry/taps.ts";
import type { Image, LabelImage, WholePixels } from "./image.ts";
import { Addresses, openKernel } from "./raster/kernel/kernel.ts";

export function resizeImage<Pixels extends WholePixels>(
  image: Image<Pixels>,
  width: number,
  height: number,
): Image<Pixels> {
  const { channels, data } = image;
  if (width === image.width && height === image.height) return image;
  return { width, height, channels, data: resizeInKernel(data, image, { width, height }) };
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

type Size = Pick<Image, "width" | "height">;

/** Source values that are in the kernel at once: few enough for a processor's cache. */
const BAND_VALUES = 2 ** 17;
/** Bytes of the vectors that the kernel works on. */
const VECTOR = 16;

/** Neither width nor height may be 0. */
function resizeInKernel<Pixels extends WholePixels>(
  data: Pixels,
  { channels, ...from }: Size & Pick<Image, "channels">,
  to: Size,
): Pixels {
  const size = data.BYTES_PER_ELEMENT;
  const [sourceRow, targetRow] = [from.width * channels, to.width * channels];
  const numRows = Math.min(Math.max(Math.floor(BAND_VALUES / sourceRow), 1), from.height);
  const Floats = size === 1 ? Float32Array : Float64Array;
  const along = kernelTaps(from.width, to.width, VECTOR / Floats.BYTES_PER_ELEMENT);
  const down = kernelTaps(from.height, to.height, 1);
  const addresses = new Addresses();
  const take = (length: number, bytesEach: number) => addresses.take(length * bytesEach);
  const band = take(numRows * sourceRow, size);
  const floats = addresses.take(from.width * Floats.BYTES_PER_ELEMENT + VECTOR);
  const narrow = take(from.height * targetRow, size);
  const resized = take(to.height * targetRow, size);
  const [alongAt, downAt] = [along, down].map(({ first, weights }) => ({
    first: addresses.take(first.byteLength),
    weights: take(weights.length, Floats.BYTES_PER_ELEMENT),
  })) as [TapAddresses, TapAddresses];
  const { bytes, ...kernel } = openKernel(addresses.numBytes);
  for (const [taps, at] of [
    [along, alongAt],
    [down, downAt],
  ] as const) {
    new Int32Array(bytes.buffer, at.first).set(taps.first);
    new Floats(bytes.buffer, at.weights).set(taps.weights);
  }
  const [resizeRows, resizeColumns] =
    data instanceof Uint8Array
      ? [kernel.resizeRows8, kernel.resizeColumns8]
      : data instanceof Int16Array
        ? [kernel.resizeRows16s, kernel.resizeColumns16s]
        : [kernel.resizeRows16, kernel.resizeColumns16];
  const stored = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let y = 0; y < from.height; y += numRows) {
    const rows = Math.min(numRows, from.height - y);
    bytes.set(stored.subarray(y * sourceRow * size, (y + rows) * sourceRow * size), band);
    const target = narrow + y * targetRow * size;
    const taps = [alongAt.first, alongAt.weights, along.numTaps] as const;
    resizeRows(band, target, rows, from.width, channels, to.width, ...taps, floats);
  }
  resizeColumns(narrow, resized, targetRow, to.height, downAt.first, downAt.weights, down.numTaps);
  const result = emptyLike(data, to.height * targetRow);
  new Uint8Array(result.buffer).set(bytes.subarray(resized, resized + result.byteLength));
  return result;
}

interface TapAddresses {
  readonly first: number;
  readonly weights: number;
}

/** @param multiple That the number of taps is brought to, by weights of 0. */
function kernelTaps(sourceSize: number, targetSize: number, multiple: number): Taps {
  const factor = sourceSize / targetSize;
  const taps = tapsAlong(sourceSize, targetSize, (factor - 1) / 2, factor, "cubic");
  const numTaps = Math.ceil(taps.numTaps / multiple) * multiple;
  const weights = new Float64Array(targetSize * numTaps);
  for (let target = 0; target < targetSize; target++) {
    weights.set(taps.weights.subarray(target * taps.numTaps, (target + 1) * taps.numTaps), target * numTaps);
  }
  return { ...taps, numTaps, weights };
}
