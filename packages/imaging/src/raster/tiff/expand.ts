/**
 * A part of a TIFF page undone: decompressed, its differences added up, in the byte order of typed arrays.
 *
 * Errors    `ERR_IMAGE_CORRUPT`: fewer bytes than the part has.
 * Source    TIFF, revision 6.0 (Aldus, 1992), sections 9, 13 and 14; its technical note 3 for floats.
 */

import { expandLzw } from "../lzw.ts";
import { corruptImage, foreignImage, reasonOf } from "../raster-error.ts";
import { canHold, type Zlib } from "../zlib.ts";

export const COMPRESSION = { none: 1, lzw: 5, deflate: 8, packBits: 32773, oldDeflate: 32946 } as const;

const PACK_BITS_RATIO = 64;
const LZW_RATIO = 4096;

/** The bytes of a part, in memory of their own. */
export async function expandSegment(
  data: Uint8Array,
  compression: number,
  size: number,
  name: string,
  zlib: Zlib,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooFew = () => corruptImage(name, `${data.length} bytes for a part of ${size}`);
  switch (compression) {
    case COMPRESSION.none:
      if (data.length < size) throw tooFew();
      return new Uint8Array(data.subarray(0, size));
    case COMPRESSION.lzw: {
      if (data.length * LZW_RATIO < size) throw tooFew();
      const out = new Uint8Array(size);
      expandLzw(data, { valueBits: 8, isHighBitFirst: true, early: 1 }, out, name);
      return out;
    }
    case COMPRESSION.packBits:
      if (data.length * PACK_BITS_RATIO < size) throw tooFew();
      return unpackBits(data, size, name);
    case COMPRESSION.deflate:
    case COMPRESSION.oldDeflate:
      if (!canHold(data.length, size)) throw tooFew();
      return inflateSegment(data, size, name, zlib);
    default:
      throw foreignImage(name, `a page of the file has compression ${compression}, unlike its first one`);
  }
}

async function inflateSegment(
  data: Uint8Array,
  size: number,
  name: string,
  zlib: Zlib,
): Promise<Uint8Array<ArrayBuffer>> {
  let out: Uint8Array;
  try {
    out = await zlib.inflate(data, size);
  } catch (cause) {
    throw corruptImage(name, reasonOf(cause), cause);
  }
  if (out.length < size) throw corruptImage(name, `${out.length} bytes in a part of ${size}`);
  return new Uint8Array(out.subarray(0, size));
}

/** Runs: a byte below 128 is followed by one more byte than it says, one above by a byte that is repeated. */
function unpackBits(data: Uint8Array, size: number, name: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let to = 0;
  for (let from = 0; to < size; ) {
    const lead = data[from++]!;
    const count = lead < 128 ? lead + 1 : 257 - lead;
    const numBytes = lead < 128 ? count : 1;
    if (lead !== 128 && from + numBytes > data.length) throw corruptImage(name, `${to} bytes in a part of ${size}`);
    if (lead < 128) out.set(data.subarray(from, from + Math.min(count, size - to)), to);
    else if (lead > 128) out.fill(data[from]!, to, to + count);
    if (lead === 128) continue;
    from += numBytes;
    to += count;
  }
  return out;
}

/** Exchanges the bytes of each sample, in place. */
export function swapBytes(bytes: Uint8Array, sampleBytes: number): void {
  for (let start = 0; start < bytes.length; start += sampleBytes) bytes.subarray(start, start + sampleBytes).reverse();
}

/** Each sample was stored as its difference from the one to the left. In place, in rows. */
export function addDifferences(
  values: Uint8Array | Uint16Array | Uint32Array,
  rowLength: number,
  samples: number,
): void {
  for (let row = 0; row < values.length; row += rowLength) {
    for (let i = row + samples; i < row + rowLength; i++) values[i]! += values[i - samples]!;
  }
}

/**
 * The floats' kind: a row's bytes, all highest ones first, then all second ones, as differences from byte to byte.
 *
 * @returns The same bytes, least significant first.
 */
export function addFloatDifferences(
  bytes: Uint8Array,
  rowBytes: number,
  samples: number,
  sampleBytes: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length);
  const rowLength = rowBytes / sampleBytes;
  addDifferences(bytes, rowBytes, samples);
  for (let row = 0; row < bytes.length; row += rowBytes) {
    for (let i = 0; i < rowLength; i++) {
      for (let b = 0; b < sampleBytes; b++) {
        out[row + i * sampleBytes + b] = bytes[row + (sampleBytes - 1 - b) * rowLength + i]!;
      }
    }
  }
  return out;
}
