/**
 * Label maps as palette PNG: viewers show colors, programs (Pillow, this one) read the label indices.
 *
 * Written here rather than through sharp, which chooses palettes of its own.
 *
 * Source   PNG, third edition (W3C, 2025), chapters 5 and 11.
 */

import { writeFile } from "node:fs/promises";
import { constants, crc32, deflateSync } from "node:zlib";
import type { LabelImage } from "../image.ts";
import { labelColor } from "../overlay.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE_COLOR_TYPE = 3;

export async function writeLabelPng(path: string, labels: LabelImage): Promise<void> {
  await writeFile(path, encodeLabelPng(labels));
}

export function encodeLabelPng({ width, height, data }: LabelImage): Uint8Array {
  const { rows, largest } = filteredRows(data, width, height);
  const colors = Array.from({ length: Math.max(largest, 1) + 1 }, (_, label) => labelColor(label));
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, PALETTE_COLOR_TYPE);
  // Of flat areas runs are all there is to find: the usual search takes ten times as long, for larger files.
  const compressed = deflateSync(rows, { strategy: constants.Z_RLE });
  return Buffer.concat([
    SIGNATURE,
    encodeChunk("IHDR", new Uint8Array(header.buffer)),
    encodeChunk("PLTE", Uint8Array.from(colors.flat())),
    encodeChunk("IDAT", compressed),
    encodeChunk("IEND", new Uint8Array()),
  ]);
}

/** What is not kept from one picture to the next. */
const MOST_KEPT_BYTES = 2 ** 26;
let keptRows = new Uint8Array();

/** Zeros for the rows of one picture after the other: asking for memory anew takes longer than filling it. */
function rowMemory(numBytes: number): Uint8Array {
  if (numBytes > MOST_KEPT_BYTES) return new Uint8Array(numBytes);
  if (numBytes > keptRows.length) keptRows = new Uint8Array(numBytes);
  return keptRows.subarray(0, numBytes).fill(0);
}

/** Each row is led by its filter's number: 2, the difference to the row above, where that is nothing; else 0, as it is. */
function filteredRows(data: Uint8Array, width: number, height: number) {
  const rows = rowMemory((width + 1) * height);
  let largest = 0;
  let above: Uint8Array | undefined;
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const start = y * (width + 1);
    if (above !== undefined && Buffer.compare(row, above) === 0) rows[start] = 2;
    else {
      rows.set(row, start + 1);
      for (let x = 0; x < width; x++) if (row[x]! > largest) largest = row[x]!;
    }
    above = row;
  }
  return { rows, largest };
}

function encodeChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(data.length + 12);
  const view = viewOf(chunk);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(data, 8);
  view.setUint32(data.length + 8, crc32(chunk.subarray(4, data.length + 8)));
  return chunk;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
