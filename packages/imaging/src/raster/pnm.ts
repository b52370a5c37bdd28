/**
 * Netpbm: bitmaps, grey and color maps (P1 to P6), as text or bytes; the first picture of the file.
 *
 * Values    bitmaps: 1 is ink, so black, 0; else 255. A top value below 255 is spread over 0..255, as Pillow does. Above
 *           255 the file's numbers are kept, `Uint16Array`, so that 12 bits stay 12 bits.
 * Errors    `ERR_IMAGE_CORRUPT`: fewer pixels than the header says, or a number that is none. `ERR_IMAGE_TOO_LARGE`.
 * Source    the netpbm manual pages pbm(5), pgm(5), ppm(5).
 */

import { checkNumSamples } from "../limits.ts";
import type { Raster } from "./raster.ts";
import { corruptImage } from "./raster-error.ts";

const HASH = 0x23;
const NEWLINES = [0x0a, 0x0d];
const ZERO = 0x30;

export function isPnm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1]! >= 0x31 && bytes[1]! <= 0x36 && (isSpace(bytes[2]) || bytes[2] === HASH);
}

export function decodePnm(bytes: Uint8Array, name: string): Raster<Uint8Array | Uint16Array> {
  const kind = bytes[1]! - ZERO;
  const isBitmap = kind === 1 || kind === 4;
  const isText = kind <= 3;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const text = new Numbers(bytes, name);
  const [width, height, top] = [text.next(), text.next(), isBitmap ? 1 : text.next()];
  if (width === 0 || height === 0 || top === 0 || top > 65535) {
    throw corruptImage(name, `its header says ${width} x ${height} pixels up to ${top}`);
  }
  const numSamples = checkNumSamples(name, width, height, channels);
  // The smallest file of so many samples, before memory is taken for them.
  const pixelBytes = isText || top <= 255 ? numSamples : numSamples * 2;
  const smallest = kind === 4 ? Math.ceil(width / 8) * height : pixelBytes;
  const pixels = bytes.subarray(text.position + (isText ? 0 : 1));
  if (pixels.length < smallest) throw corruptImage(name, `${pixels.length} bytes of pixels instead of ${smallest}`);
  const values = isText
    ? text.take(numSamples, top, isBitmap)
    : kind === 4
      ? unpackBits(pixels, width, height)
      : top <= 255
        ? new Uint8Array(pixels.subarray(0, numSamples))
        : readPairs(pixels, numSamples);
  const shape = [1, height, width] as const;
  return { shape, channels, data: isBitmap ? values.map((bit) => (bit ? 0 : 255)) : spread(values, top) };
}

/** Numbers in ASCII, white space and comments between them. */
class Numbers {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  /** Of the first byte that is not read yet. */
  position = 2;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  next(maxDigits = 9): number {
    const bytes = this.#bytes;
    while (isSpace(bytes[this.position]) || bytes[this.position] === HASH) {
      const isComment = bytes[this.position++] === HASH;
      while (isComment && this.position < bytes.length && !NEWLINES.includes(bytes[this.position]!)) this.position++;
    }
    const start = this.position;
    let value = 0;
    while (this.position < start + maxDigits && isDigit(bytes[this.position])) {
      value = value * 10 + bytes[this.position++]! - ZERO;
    }
    if (this.position === start) {
      const isAtEnd = start >= bytes.length;
      throw corruptImage(this.#name, isAtEnd ? "it ends early" : `expected a number at byte ${start}`);
    }
    return value;
  }

  /** Bits need no space between them. */
  take(count: number, top: number, isBitmap: boolean): Uint8Array | Uint16Array {
    const values = top <= 255 ? new Uint8Array(count) : new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      const value = this.next(isBitmap ? 1 : 9);
      if (value > top) throw corruptImage(this.#name, `a value of ${value} where ${top} is the largest`);
      values[i] = value;
    }
    return values;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

/** Rows of bits, each padded to a byte; the leftmost pixel is the highest bit. */
function unpackBits(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const stride = Math.ceil(width / 8);
  const bits = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) bits[y * width + x] = (pixels[y * stride + (x >> 3)]! >> (7 - (x & 7))) & 1;
  }
  return bits;
}

function readPairs(pixels: Uint8Array, count: number): Uint16Array {
  return Uint16Array.from({ length: count }, (_, i) => (pixels[2 * i]! << 8) | pixels[2 * i + 1]!);
}

function spread(values: Uint8Array | Uint16Array, top: number): Uint8Array | Uint16Array {
  if (top >= 255) return values;
  return values.map((value) => Math.min(Math.round((value * 255) / top), 255));
}
