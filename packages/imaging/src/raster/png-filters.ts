/**
 * The row filters of PNG undone: each byte was stored as its difference from a guess.
 *
 * Shapes   `rows` holds from `start` on `height` rows, each one byte, the filter's number, and `stride` filtered bytes.
 *          The result is the rows without that byte, [height, stride].
 * Guess    0 none, 1 the pixel to the left, 2 the one above, 3 their mean, 4 Paeth's choice of left, above, above left.
 *          Left means `pixelBytes` back; outside the picture all are 0.
 * Source   PNG, third edition (W3C, 2025), chapter 9.
 */

import { corruptImage } from "./raster-error.ts";

export function removeFilters(
  rows: Uint8Array,
  start: number,
  stride: number,
  height: number,
  pixelBytes: number,
  name: string,
): Uint8Array {
  const out = new Uint8Array(stride * height);
  let above: Uint8Array = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const from = start + y * (stride + 1);
    const filter = rows[from]!;
    const stored = rows.subarray(from + 1, from + 1 + stride);
    const row = out.subarray(y * stride, (y + 1) * stride);
    if (filter === 0) row.set(stored);
    else if (filter === 1) addLeft(stored, row, pixelBytes);
    else if (filter === 2) addAbove(stored, row, above);
    else if (filter === 3) addMean(stored, row, above, pixelBytes);
    else if (filter === 4) addPaeth(stored, row, above, pixelBytes);
    else throw corruptImage(name, `unknown filter ${filter} in row ${y}`);
    above = row;
  }
  return out;
}

function addLeft(stored: Uint8Array, row: Uint8Array, pixelBytes: number): void {
  row.set(stored.subarray(0, pixelBytes));
  for (let i = pixelBytes; i < row.length; i++) row[i] = stored[i]! + row[i - pixelBytes]!;
}

function addAbove(stored: Uint8Array, row: Uint8Array, above: Uint8Array): void {
  for (let i = 0; i < row.length; i++) row[i] = stored[i]! + above[i]!;
}

function addMean(stored: Uint8Array, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  for (let i = 0; i < pixelBytes; i++) row[i] = stored[i]! + (above[i]! >> 1);
  for (let i = pixelBytes; i < row.length; i++) row[i] = stored[i]! + ((row[i - pixelBytes]! + above[i]!) >> 1);
}

function addPaeth(stored: Uint8Array, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  // With nothing to the left, Paeth's choice is the pixel above.
  for (let i = 0; i < pixelBytes; i++) row[i] = stored[i]! + above[i]!;
  for (let i = pixelBytes; i < row.length; i++) {
    const left = row[i - pixelBytes]!;
    const up = above[i]!;
    const upLeft = above[i - pixelBytes]!;
    // Distances of left + up - upLeft from each of the three.
    let toLeft = up - upLeft;
    let toUp = left - upLeft;
    let toUpLeft = toLeft + toUp;
    if (toLeft < 0) toLeft = -toLeft;
    if (toUp < 0) toUp = -toUp;
    if (toUpLeft < 0) toUpLeft = -toUpLeft;
    row[i] = stored[i]! + (toLeft <= toUp && toLeft <= toUpLeft ? left : toUp <= toUpLeft ? up : upLeft);
  }
}
