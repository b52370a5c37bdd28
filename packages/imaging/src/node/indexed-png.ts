/**
 * Label maps as palette PNG: viewers show colors, programs (Pillow, this one) read the label indices.
 *
 * Written here rather than through sharp, which turns a palette into its colors and chooses palettes of its own.
 *
 * Errors   `ERR_IMAGE_CORRUPT`; `ERR_IMAGE_FORMAT` for interlaced files.
 * Source   PNG, third edition (W3C, 2025), chapters 5, 7 and 9.
 */

import { writeFile } from "node:fs/promises";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { MedsslError } from "@medssl/contract";
import type { LabelImage } from "../image.ts";
import { labelColor } from "../overlay.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE_COLOR_TYPE = 3;

export async function writeLabelPng(path: string, labels: LabelImage): Promise<void> {
  await writeFile(path, encodeLabelPng(labels));
}

export function encodeLabelPng({ width, height, data }: LabelImage): Uint8Array {
  const numColors = data.reduce((largest, label) => Math.max(largest, label), 1) + 1;
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

/**
 * The indices of a PNG with a palette of colors; undefined when the bytes are anything else.
 *
 * A palette of nothing but greys is not meant as indices: programs that shrink files put black and white into palettes
 * in any order, so the greys are what counts there.
 */
export function decodeLabelPng(bytes: Uint8Array, name: string): LabelImage | undefined {
  const isPng = SIGNATURE.every((byte, i) => bytes[i] === byte);
  if (!isPng || bytes[25] !== PALETTE_COLOR_TYPE) return undefined;
  const chunks = decodeChunks(bytes, name);
  if (!hasColors(chunks.find(({ type }) => type === "PLTE")?.data ?? new Uint8Array())) return undefined;
  if (chunks[0]?.type !== "IHDR") throw corrupt(name, "its header is missing");
  const header = viewOf(chunks[0].data);
  const [width, height, depth] = [header.getUint32(0), header.getUint32(4), header.getUint8(8)];
  if (header.getUint8(12) !== 0) {
    throw new MedsslError("ERR_IMAGE_FORMAT", `${name}: expected palette indices row by row, got an interlaced PNG`, {
      hint: "Save it without interlacing.",
    });
  }
  const rows = inflate(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data)), name);
  const rowBytes = Math.ceil((width * depth) / 8);
  if (rows.length !== (rowBytes + 1) * height) throw corrupt(name, `${rows.length} bytes of pixels`);
  removeFilters(rows, rowBytes, height, name);
  return { width, height, channels: 1, data: unpack(rows, width, height, depth) };
}

function hasColors(palette: Uint8Array): boolean {
  return palette.some((value, i) => value !== palette[i - (i % 3)]);
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
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

function decodeChunks(bytes: Uint8Array, name: string): Chunk[] {
  const view = viewOf(bytes);
  const chunks: Chunk[] = [];
  for (let start = SIGNATURE.length; chunks.at(-1)?.type !== "IEND"; ) {
    if (start + 12 > bytes.length) throw corrupt(name, "it ends early");
    const end = start + 8 + view.getUint32(start);
    if (end + 4 > bytes.length) throw corrupt(name, "it ends early");
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (crc32(bytes.subarray(start + 4, end)) !== view.getUint32(end)) throw corrupt(name, `wrong checksum in ${type}`);
    chunks.push({ type, data: bytes.subarray(start + 8, end) });
    start = end + 4;
  }
  return chunks;
}

function inflate(data: Uint8Array, name: string): Uint8Array {
  try {
    return inflateSync(data);
  } catch (cause) {
    throw corrupt(name, String(cause));
  }
}

/** Undoes the row filters in place. Palette pixels are one byte or less, so the pixel to the left is one byte back. */
function removeFilters(rows: Uint8Array, rowBytes: number, height: number, name: string): void {
  const stride = rowBytes + 1;
  for (let y = 0; y < height; y++) {
    const filter = rows[y * stride]!;
    if (filter > 4) throw corrupt(name, `unknown filter ${filter}`);
    for (let x = 1; x <= rowBytes; x++) {
      const i = y * stride + x;
      const left = x > 1 ? rows[i - 1]! : 0;
      const up = y > 0 ? rows[i - stride]! : 0;
      const upLeft = x > 1 && y > 0 ? rows[i - stride - 1]! : 0;
      rows[i]! += [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter]!;
    }
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [toLeft, toUp, toUpLeft] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upLeft)];
  return toLeft <= toUp && toLeft <= toUpLeft ? left : toUp <= toUpLeft ? up : upLeft;
}

/** Indices of 1, 2, 4 or 8 bits to one byte each; the leftmost pixel has the highest bits. */
function unpack(rows: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const stride = Math.ceil((width * depth) / 8) + 1;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = rows[y * stride + 1 + (bit >> 3)]!;
      data[y * width + x] = (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
  return data;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function corrupt(name: string, what: string): MedsslError {
  return new MedsslError("ERR_IMAGE_CORRUPT", `${name}: truncated or damaged (${what})`, {
    hint: "Copy or download the file again.",
  });
}
