/**
 * Label maps as palette PNG: viewers show colors, programs (Pillow, this one) read the label indices.
 *
 * Written here rather than through sharp, which chooses palettes of its own.
 *
 * Source   PNG, third edition (W3C, 2025), chapters 5 and 11.
 */

import { writeFile } from "node:fs/promises";
import { constants, crc32, deflateSync } from "node:zlib";
import { countLabels } from "../count-labels.ts";
import type { LabelImage } from "../image.ts";
import { labelColor } from "../overlay.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE_COLOR_TYPE = 3;

export async function writeLabelPng(path: string, labels: LabelImage): Promise<void> {
  await writeFile(path, encodeLabelPng(labels));
}

export function encodeLabelPng({ width, height, data }: LabelImage): Uint8Array {
  const largest = Math.max(
    countLabels(data).findLastIndex((count) => count > 0),
    1,
  );
  const colors = Array.from({ length: largest + 1 }, (_, label) => labelColor(label));
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, PALETTE_COLOR_TYPE);
  // Of flat areas runs are all there is to find: the usual search takes ten times as long, for larger files.
  const compressed = deflateSync(rowsOf(data, width, height), { strategy: constants.Z_RLE });
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

/** Memory for the rows of one picture after the other: asking for it anew takes longer than filling it. */
function rowMemory(numBytes: number): Uint8Array {
  if (numBytes > MOST_KEPT_BYTES) return new Uint8Array(numBytes);
  if (numBytes > keptRows.length) keptRows = new Uint8Array(numBytes);
  return keptRows.subarray(0, numBytes);
}

/** Each row is led by its filter's number; 0, none, is the best for flat areas. */
function rowsOf(data: Uint8Array, width: number, height: number): Uint8Array {
  const rows = rowMemory((width + 1) * height);
  for (let y = 0; y < height; y++) {
    const start = y * (width + 1);
    rows[start] = 0;
    rows.set(data.subarray(y * width, (y + 1) * width), start + 1);
  }
  return rows;
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
