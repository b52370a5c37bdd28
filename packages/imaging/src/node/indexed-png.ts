/**
 * Label maps as palette PNG: viewers show colors, programs (Pillow, this one) read the label indices.
 *
 * Written here rather than through sharp, which chooses palettes of its own.
 *
 * Source   PNG, third edition (W3C, 2025), chapters 5 and 11.
 */

import { writeFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";
import type { LabelImage } from "../image.ts";
import { labelColor } from "../overlay.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE_COLOR_TYPE = 3;

export async function writeLabelPng(path: string, labels: LabelImage): Promise<void> {
  await writeFile(path, encodeLabelPng(labels));
}

export function encodeLabelPng({ width, height, data }: LabelImage): Uint8Array {
  let largest = 1;
  for (const label of data) if (label > largest) largest = label;
  const numColors = largest + 1;
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, PALETTE_COLOR_TYPE);
  // Each row is led by its filter's number; 0, none, is the best for flat areas.
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    encodeChunk("IHDR", new Uint8Array(header.buffer)),
    encodeChunk("PLTE", Uint8Array.from(Array.from({ length: numColors }, (_, label) => labelColor(label)).flat())),
    encodeChunk("IDAT", deflateSync(rows)),
    encodeChunk("IEND", new Uint8Array()),
  ]);
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
