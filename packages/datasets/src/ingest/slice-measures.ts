/**
 * What is measured on every stored image, so that reports, splits and checks need not read pixels again.
 *
 * Perceptual hash   the image as 9x8 means; each of the 64 bits says whether a mean is brighter than its right
 *                   neighbour. Pictures that look alike differ in few bits; so do many of one body part, so that a
 *                   likeness has to be checked on the pixels.
 * Source            the difference hash: N. Krawetz, "Kind of Like That" (2013).
 */

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

export function measureSlice(pixels: Pixels, width: number, height: number, labels?: Uint8Array): SliceMeasures {
  let [pixelSum, pixelSquareSum, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i]!;
    pixelSum += value;
    pixelSquareSum += value * value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return {
    pixelHash: shortHash(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)),
    perceptualHash: perceptualHash(pixels, width, height),
    pixelSum,
    pixelSquareSum,
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

/** 64 bits in hex. @param pixels [height, width], at least 9x8 */
export function perceptualHash(pixels: Pixels, width: number, height: number): string {
  const sums = new Float64Array(COLUMNS * ROWS);
  const counts = new Float64Array(COLUMNS * ROWS);
  const columnOf = Uint8Array.from({ length: width }, (_, x) => Math.floor((x * COLUMNS) / width));
  for (let y = 0; y < height; y++) {
    const cellRow = Math.floor((y * ROWS) / height) * COLUMNS;
    const start = y * width;
    for (let x = 0; x < width; x++) {
      const cell = cellRow + columnOf[x]!;
      sums[cell]! += pixels[start + x]!;
      counts[cell]! += 1;
    }
  }
  const mean = (cell: number) => sums[cell]! / counts[cell]!;
  let hash = "";
  for (let row = 0; row < ROWS; row++) {
    let byte = 0;
    for (let column = 0; column < COLUMNS - 1; column++) {
      const cell = row * COLUMNS + column;
      byte = (byte << 1) | Number(mean(cell) > mean(cell + 1));
    }
    hash += byte.toString(16).padStart(2, "0");
  }
  return hash;
}
