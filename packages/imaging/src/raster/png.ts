/**
 * PNG of every kind: 1 to 16 bits, grey, color and palette, with alpha or without, interlaced or not.
 *
 * Values   as stored: no gamma, no color profile, no transparency is applied. APNG: the still picture.
 * Speed    most of it is zlib's; the row filters are undone in the kernel (WebAssembly with SIMD).
 * Errors   `ERR_IMAGE_CORRUPT`: any wrong checksum, a missing piece, too few pixels. `ERR_IMAGE_TOO_LARGE`.
 * Source   PNG, third edition (W3C, 2025), chapters 5, 7, 8, 9 and 11.
 */

import { checkNumSamples } from "../limits.ts";
import { Addresses, openKernel } from "./kernel/kernel.ts";
import type { Raster } from "./raster.ts";
import { corruptImage, reasonOf } from "./raster-error.ts";
import { canHold, type Zlib } from "./zlib.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE = 3;
const HAS_ALPHA = 4;

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

export async function decodePng(
  bytes: Uint8Array,
  name: string,
  zlib: Zlib,
): Promise<Raster<Uint8Array | Uint16Array>> {
  const chunks = readChunks(bytes, name, zlib);
  const header = readHeader(chunks[0]!, name);
  const { width, height, isPalette, channels } = header;
  const palette = isPalette ? chunks.find(({ type }) => type === "PLTE")?.data : undefined;
  if (isPalette && palette === undefined) throw corruptImage(name, "its palette is missing");
  const passes = header.isInterlaced ? interlacedPasses(width, height) : [{ width, height, x: 0, y: 0, dx: 1, dy: 1 }];
  const size = passes.reduce((sum, pass) => sum + pass.height * (rowBytes(pass.width, header) + 1), 0);
  const rows = await inflatePixels(chunks, size, name, zlib);
  let start = 0;
  const unpackNext = (pass: Pass) => {
    const end = start + pass.height * (rowBytes(pass.width, header) + 1);
    const pixels = unpackRows(rows.subarray(start, end), pass.width, pass.height, header, name);
    start = end;
    return pixels;
  };
  const shape = [1, height, width] as const;
  if (!header.isInterlaced) return { shape, channels, data: unpackNext(passes[0]!), palette };
  const data =
    header.depth === 16 ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
  for (const pass of passes) scatter(unpackNext(pass), pass, data, width, channels);
  return { shape, channels, data, palette };
}

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: number;
  /** Samples a pixel in the file, alpha too. */
  readonly samples: number;
  /** Samples a pixel that are kept. */
  readonly channels: 1 | 3;
  readonly isPalette: boolean;
  readonly isInterlaced: boolean;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function readChunks(bytes: Uint8Array, name: string, zlib: Zlib): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let start = SIGNATURE.length; chunks.at(-1)?.type !== "IEND"; ) {
    if (start + 12 > bytes.length) throw corruptImage(name, "it ends early");
    const end = start + 8 + view.getUint32(start);
    if (end + 4 > bytes.length) throw corruptImage(name, "it ends early");
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (zlib.crc32(bytes.subarray(start + 4, end)) !== view.getUint32(end)) {
      throw corruptImage(name, `wrong checksum in ${type}`);
    }
    chunks.push({ type, data: bytes.subarray(start + 8, end) });
    start = end + 4;
  }
  return chunks;
}

/** Depths that a color type may have; 0 grey, 2 color, 3 palette, 4 grey with alpha, 6 color with alpha. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

function readHeader({ type, data }: Chunk, name: string): Header {
  if (type !== "IHDR" || data.length !== 13) throw corruptImage(name, "its header is missing");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = data.subarray(8);
  const isValid = DEPTHS[colorType!]?.includes(depth!) && compression === 0 && filter === 0 && interlace! <= 1;
  if (!isValid || width === 0 || height === 0) {
    throw corruptImage(name, `its header says ${width} x ${height}, type ${colorType}, ${depth} bits`);
  }
  const channels = colorType === 2 || colorType === 6 ? 3 : 1;
  const samples = channels + (colorType! & HAS_ALPHA ? 1 : 0);
  checkNumSamples(name, width, height, samples);
  return {
    width,
    height,
    depth: depth!,
    samples,
    channels,
    isPalette: colorType === PALETTE,
    isInterlaced: interlace === 1,
  };
}

function rowBytes(width: number, { depth, samples }: Header): number {
  return Math.ceil((width * samples * depth) / 8);
}

async function inflatePixels(chunks: Chunk[], size: number, name: string, zlib: Zlib): Promise<Uint8Array> {
  const parts = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const compressed = parts.length === 1 ? parts[0]! : concatenate(parts);
  const tooFew = (numBytes: number) => corruptImage(name, `${numBytes} bytes of pixels instead of ${size}`);
  if (!canHold(compressed.length, size)) throw tooFew(compressed.length);
  let rows: Uint8Array;
  try {
    rows = await zlib.inflate(compressed, size);
  } catch (cause) {
    throw corruptImage(name, reasonOf(cause), cause);
  }
  if (rows.length < size) throw tooFew(rows.length);
  return rows;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}

/** The rows of a pass to samples, [height, width, channels]. */
function unpackRows(
  rows: Uint8Array,
  width: number,
  height: number,
  header: Header,
  name: string,
): Uint8Array | Uint16Array {
  const { depth, samples, channels, isPalette } = header;
  const packed = removeFilters(rows, rowBytes(width, header), height, header, name);
  if (depth < 8) return spreadBits(packed, width, height, depth, isPalette ? 1 : 255 / (2 ** depth - 1));
  const values = depth === 16 ? new Uint16Array(packed.buffer) : packed;
  return samples === channels ? values : dropAlpha(values, samples);
}

/** Rows without the number of their filter, in memory of their own; 16 bits in the order of typed arrays. */
function removeFilters(
  rows: Uint8Array,
  stride: number,
  height: number,
  { depth, samples }: Header,
  name: string,
): Uint8Array<ArrayBuffer> {
  const addresses = new Addresses();
  const from = addresses.take(rows.length);
  const above = addresses.take(stride + stride * height);
  const to = above + stride;
  const { bytes, ...kernel } = openKernel(addresses.numBytes);
  bytes.set(rows, from);
  bytes.fill(0, above, to);
  const pixelBytes = Math.max(1, (samples * depth) >> 3);
  const numDone = kernel.removeFilters(from, to, stride, height, pixelBytes);
  if (numDone < height) throw corruptImage(name, `unknown filter in row ${numDone}`);
  if (depth === 16) kernel.swapPairs(to, stride * height);
  return bytes.slice(to, to + stride * height);
}

function dropAlpha<Values extends Uint8Array | Uint16Array>(values: Values, samples: number): Values {
  // The result is shorter, and each value moves towards the start: in place.
  let to = 0;
  for (let from = 0; from < values.length; from += samples) {
    for (let c = 0; c < samples - 1; c++) values[to++] = values[from + c]!;
  }
  return values.slice(0, to) as Values;
}

/** Samples of 1, 2 or 4 bits to one byte each; the leftmost pixel has the highest bits. */
function spreadBits(packed: Uint8Array, width: number, height: number, depth: number, factor: number): Uint8Array {
  const stride = Math.ceil((width * depth) / 8);
  const mask = 2 ** depth - 1;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      data[y * width + x] = ((packed[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask) * factor;
    }
  }
  return data;
}

/** Every `dx`-th pixel of every `dy`-th row, from (x, y) on. */
interface Pass {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

/** Adam7: x, y, dx, dy of each. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function interlacedPasses(width: number, height: number): Pass[] {
  return ADAM7.map(([x, y, dx, dy]) => ({
    ...{ x, y, dx, dy },
    width: Math.ceil((width - x) / dx),
    height: Math.ceil((height - y) / dy),
  })).filter((pass) => pass.width > 0 && pass.height > 0);
}

function scatter(
  pixels: Uint8Array | Uint16Array,
  { width, height, x, y, dx, dy }: Pass,
  data: Uint8Array | Uint16Array,
  fullWidth: number,
  channels: number,
): void {
  let from = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const to = ((y + row * dy) * fullWidth + x + column * dx) * channels;
      for (let c = 0; c < channels; c++) data[to + c] = pixels[from++]!;
    }
  }
}
