/**
 * What is measured on every stored image, so that reports, splits and checks need not read pixels again.
 *
 * Pixel hash        of a checksum of the pixels and of their sums: equal for equal pixels. Who wants to can make others of
 *                   the same hash; chance does not.
 * Perceptual hash   the image as 9x8 means; each of the 64 bits says whether a mean is brighter than its right
 *                   neighbour. Pictures that look alike differ in few bits; so do many of one body part, so that a
 *                   likeness has to be checked on the pixels.
 * Source            the difference hash: N. Krawetz, "Kind of Like That" (2013).
 */

import { crc32 } from "node:zlib";
import { measurePixels } from "@medssl/imaging";
import { shortHash } from "../private/pseudonyms.ts";
import type { Pixels } from "../store/npy-file.ts";

export interface SliceMeasures {
  readonly pixelHash: string;
  /** 16 hex digits. */
  readonly perceptualHash: string;
  readonly pixelSum: number;
  readonly pixelSquareSum: number;
  readonly low: number;
  readonly high: number;
  /** Pixels of each label that occurs. */
  readonly labelCounts: Readonly<Record<string, number>> | undefined;
}

/** @param pixels [height, width], at least 8x9 */
export function measureSlice(pixels: Pixels, width: number, height: number, labels?: Uint8Array): SliceMeasures {
  const { sum, squareSum, low, high, cellMeans } = measurePixels(pixels, [height, width], [ROWS, COLUMNS]);
  const checksum = crc32(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  return {
    pixelHash: shortHash([checksum, sum, squareSum, ...cellMeans].join()),
    perceptualHash: differenceHash(cellMeans),
    pixelSum: sum,
    pixelSquareSum: squareSum,
    low,
    high,
    labelCounts: labels && countLabels(labels),
  };
}

function countLabels(labels: Uint8Array): Record<string, number> {
  const counts = new Uint32Array(256);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]! += 1;
  const found: Record<string, number> = {};
  for (let label = 1; label < 256; label++) if (counts[label]! > 0) found[label] = counts[label]!;
  return found;
}

const COLUMNS = 9;
const ROWS = 8;

/** 64 bits in hex. @param means [8, 9]; those of one row have the same height, whatever it is */
export function differenceHash(means: Float64Array): string {
  let hash = "";
  for (let row = 0; row < ROWS; row++) {
    let byte = 0;
    for (let column = 0; column < COLUMNS - 1; column++) {
      const cell = row * COLUMNS + column;
      byte = (byte << 1) | Number(means[cell]! > means[cell + 1]!);
    }
    hash += byte.toString(16).padStart(2, "0");
  }
  return hash;
}
