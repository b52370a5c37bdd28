/**
 * Color pixels as everything after decoding wants them: samples of a pixel side by side, full resolution, RGB.
 *
 * Shapes   [frames, pixels, 3], but for the input of `interleavePlanes`, [frames, samples, pixels], and of `doubleChroma`.
 * Source   PS3.3 C.7.6.3.1.2 and C.7.6.3.1.3.
 */

import type { Samples } from "../scan.ts";

export function interleavePlanes(planes: Samples, samplesPerPixel: number, numPixels: number): Samples {
  const result = alike(planes, planes.length);
  const frameLength = samplesPerPixel * numPixels;
  for (let start = 0; start < planes.length; start += frameLength) {
    for (let sample = 0; sample < samplesPerPixel; sample++) {
      const plane = start + sample * numPixels;
      const target = start + sample;
      for (let pixel = 0; pixel < numPixels; pixel++) result[target + pixel * samplesPerPixel] = planes[plane + pixel]!;
    }
  }
  return result;
}

/** Y1 Y2 Cb Cr of every two pixels to Y1 Cb Cr Y2 Cb Cr. */
export function doubleChroma(halved: Samples, numPixels: number): Samples {
  const result = alike(halved, numPixels * 3);
  for (let pixel = 0; pixel < numPixels; pixel++) {
    const pair = (pixel >> 1) * 4;
    result[pixel * 3] = halved[pair + (pixel & 1)]!;
    result[pixel * 3 + 1] = halved[pair + 2]!;
    result[pixel * 3 + 2] = halved[pair + 3]!;
  }
  return result;
}

/** Full-range YCbCr of `numBits` to RGB. */
export function ybrToRgb(ybr: Samples, numBits: number): Samples {
  const result = alike(ybr, ybr.length);
  const middle = 2 ** (numBits - 1);
  const largest = 2 ** numBits - 1;
  for (let i = 0; i < ybr.length; i += 3) {
    const luma = ybr[i]! + 0.5;
    const blue = ybr[i + 1]! - middle;
    const red = ybr[i + 2]! - middle;
    result[i] = Math.min(Math.max(luma + 1.402 * red, 0), largest);
    result[i + 1] = Math.min(Math.max(luma - 0.344136 * blue - 0.714136 * red, 0), largest);
    result[i + 2] = Math.min(Math.max(luma + 1.772 * blue, 0), largest);
  }
  return result;
}

function alike(samples: Samples, length: number): Samples {
  return new (samples.constructor as Uint8ArrayConstructor)(length);
}
