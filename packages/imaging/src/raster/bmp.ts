/**
 * Windows bitmaps: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits of color; not those with run lengths.
 *
 * Order     rows from the bottom up, unless the height is negative; each padded to four bytes.
 * Errors    `ERR_IMAGE_CORRUPT`, `ERR_IMAGE_FORMAT` (compressed), `ERR_IMAGE_TOO_LARGE`.
 * Source    Microsoft, "Bitmap storage" and BITMAPINFOHEADER in the Windows documentation.
 */

import { checkNumSamples } from "../limits.ts";
import type { Raster } from "./raster.ts";
import { corruptImage, foreignImage } from "./raster-error.ts";

const FILE_HEADER = 14;
/** Of OS/2, and of Windows 3, 4 and 5 with what was inserted between them. */
const HEADER_SIZES = [12, 40, 52, 56, 64, 108, 124];
const BIT_FIELDS = 3;

export function isBmp(bytes: Uint8Array): boolean {
  return (
    bytes.length > 18 &&
    bytes[0] === 0x42 &&
    bytes[1] === 0x4d &&
    HEADER_SIZES.includes(viewOf(bytes).getUint32(14, true))
  );
}

export function decodeBmp(bytes: Uint8Array, name: string): Raster<Uint8Array> {
  const header = readHeader(bytes, name);
  const { width, height, depth, isTopDown, start } = header;
  const channels = depth <= 8 ? 1 : 3;
  checkNumSamples(name, width, height, channels);
  const stride = Math.ceil((width * depth) / 32) * 4;
  if (start + stride * height > bytes.length) throw corruptImage(name, "it ends early");
  const data = new Uint8Array(width * height * channels);
  const unpack = depth <= 8 ? unpackIndices : depth === 24 ? reverseColors : unpackFields;
  for (let y = 0; y < height; y++) {
    const from = start + (isTopDown ? y : height - 1 - y) * stride;
    unpack(
      bytes.subarray(from, from + stride),
      data.subarray(y * width * channels, (y + 1) * width * channels),
      header,
    );
  }
  return { shape: [1, height, width], channels, data, palette: depth <= 8 ? readPalette(bytes, header) : undefined };
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  /** Bits a pixel. */
  readonly depth: number;
  /** Which bits are red, green and blue. */
  readonly fields: readonly number[];
  /** Of the pixels. */
  readonly start: number;
  readonly paletteStart: number;
  /** 3 in OS/2's bitmaps, 4 elsewhere. */
  readonly paletteStride: number;
}

function readHeader(bytes: Uint8Array, name: string): Header {
  const view = viewOf(bytes);
  const size = view.getUint32(FILE_HEADER, true);
  if (bytes.length < FILE_HEADER + size + 12) throw corruptImage(name, "it ends early");
  const isOs2 = size === 12;
  const [width, signedHeight] = isOs2
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), view.getInt32(22, true)];
  const depth = view.getUint16(isOs2 ? 24 : 28, true);
  const compression = isOs2 ? 0 : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0 || ![1, 4, 8, 16, 24, 32].includes(depth)) {
    throw corruptImage(name, `its header says ${width} x ${height} pixels of ${depth} bits`);
  }
  if (compression !== 0 && !(compression === BIT_FIELDS && (depth === 16 || depth === 32))) {
    throw foreignImage(name, `expected a bitmap without compression, got kind ${compression}`);
  }
  // The masks follow a header of 40 bytes, and are a part of the longer ones: at the same place.
  const masks = [54, 58, 62].map((place) => view.getUint32(place, true));
  const usual = depth === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  return {
    ...{ width, height, depth, isTopDown: signedHeight < 0 },
    fields: compression === BIT_FIELDS ? masks : usual,
    start: view.getUint32(10, true),
    paletteStart: FILE_HEADER + size,
    paletteStride: isOs2 ? 3 : 4,
  };
}

/** Blue, green, red in the file. */
function readPalette(bytes: Uint8Array, { depth, start, paletteStart, paletteStride }: Header): Uint8Array {
  const numColors = Math.min(2 ** depth, Math.floor((start - paletteStart) / paletteStride));
  const palette = new Uint8Array(Math.max(numColors, 0) * 3);
  for (let i = 0; i < palette.length; i++) {
    palette[i] = bytes[paletteStart + Math.floor(i / 3) * paletteStride + 2 - (i % 3)]!;
  }
  return palette;
}

function unpackIndices(stored: Uint8Array, row: Uint8Array, { depth }: Header): void {
  for (let x = 0; x < row.length; x++) {
    const bit = x * depth;
    row[x] = (stored[bit >> 3]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  }
}

function reverseColors(stored: Uint8Array, row: Uint8Array): void {
  for (let i = 0; i < row.length; i += 3) {
    row[i] = stored[i + 2]!;
    row[i + 1] = stored[i + 1]!;
    row[i + 2] = stored[i]!;
  }
}

function unpackFields(stored: Uint8Array, row: Uint8Array, { depth, fields }: Header): void {
  const view = viewOf(stored);
  const shifts = fields.map((mask) => (mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)));
  const tops = fields.map((mask, c) => Math.max(mask >>> shifts[c]!, 1));
  for (let x = 0; x < row.length / 3; x++) {
    const pixel = depth === 16 ? view.getUint16(2 * x, true) : view.getUint32(4 * x, true);
    for (let c = 0; c < 3; c++) {
      row[3 * x + c] = Math.round((((pixel & fields[c]!) >>> shifts[c]!) * 255) / tops[c]!);
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
