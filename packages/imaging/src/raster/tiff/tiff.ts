/**
 * TIFF: grey, color and palette, 1 to 64 bits, whole numbers and floats, strips and tiles, any number of pages.
 *
 * Shapes    [pages, height, width, channels]. Thumbnails, and pages that are not like the first one, are left out.
 * Values    as stored; fewer than 8 bits of grey are spread over 0..255, 9 to 15 kept in 16. "White is zero" is turned
 *           round, so that more is brighter. No profile, no resolution, no orientation is applied.
 * Else      JPEG, fax and other compressions, and colors other than RGB, are not read here: `isOurs` says so.
 * Errors    `ERR_IMAGE_CORRUPT`: any byte of any page is missing. `ERR_IMAGE_TOO_LARGE`.
 * Source    TIFF, revision 6.0 (Aldus, 1992).
 */

import { checkNumSamples } from "../../limits.ts";
import type { Samples } from "../../scan.ts";
import type { Raster } from "../raster.ts";
import type { Zlib } from "../zlib.ts";
import { type Directories, TAG } from "./directory.ts";
import { addDifferences, addFloatDifferences, COMPRESSION, expandSegment, swapBytes } from "./expand.ts";
import { type Page, readPage, type Segment } from "./page.ts";

/** Whether the first page is of a kind that is read here. */
export function isOurs({ pages }: Directories, bytes: Uint8Array): boolean {
  const directory = pages[0]!;
  const value = (tag: number, otherwise: number) => directory.get(tag)?.[0] ?? otherwise;
  const isUniform = [TAG.bitsPerSample, TAG.sampleFormat].every((tag) => new Set(directory.get(tag)).size <= 1);
  const compression = value(TAG.compression, 1);
  const bits = value(TAG.bitsPerSample, 1);
  const photometric = value(TAG.photometric, 1);
  const samples = value(TAG.samplesPerPixel, 1);
  const format = value(TAG.sampleFormat, 1);
  return (
    isUniform &&
    Object.values<number>(COMPRESSION).includes(compression) &&
    !(compression === COMPRESSION.lzw && isOldLzw(directory.get(TAG.stripOffsets)?.[0], bytes)) &&
    photometric <= 3 &&
    (photometric !== 2 || samples >= 3) &&
    value(TAG.fillOrder, 1) === 1 &&
    (format === 3 ? bits === 32 || bits === 64 : format <= 4 && (bits <= 16 || bits === 32)) &&
    // Differences of packed bits are nobody's.
    (value(TAG.predictor, 1) === 1 || [8, 16, 32, 64].includes(bits))
  );
}

/** LZW of before TIFF 5 had its codes the other way round; its first one, 256, then begins with a zero byte. */
function isOldLzw(start: number | undefined, bytes: Uint8Array): boolean {
  return start !== undefined && bytes[start] === 0 && (bytes[start + 1]! & 1) === 1;
}

export async function decodeTiff(
  bytes: Uint8Array,
  { isLittleEndian, pages: directories }: Directories,
  name: string,
  zlib: Zlib,
): Promise<Raster> {
  const all = directories
    .filter((directory, i) => i === 0 || (directory.get(TAG.subfileType)?.[0] ?? 0) % 2 === 0)
    .map((directory) => readPage(directory, bytes.length, name));
  const first = all[0]!;
  const pages = all.filter((page) => isAlike(page, first));
  const { width, height, palette } = first;
  const channels = first.photometric === 2 ? 3 : 1;
  const numSamples = checkNumSamples(name, pages.length, height, width, channels);
  let data: Samples | undefined;
  for (const [i, page] of pages.entries()) {
    for (const segment of page.segments) {
      const values = await readSegment(bytes, page, segment, isLittleEndian, name, zlib);
      // The first part has been read, so there is something behind the size that is claimed.
      data ??= new (values.constructor as new (length: number) => Samples)(numSamples);
      place(values, segment, page, channels, data, i * width * height * channels);
    }
  }
  const warnings: string[] = [];
  if (pages.length < all.length) {
    warnings.push(`${all.length - pages.length} of ${all.length} pages are not like the first one and were left out.`);
  }
  // One more is alpha.
  if (first.samples > channels + 1) {
    warnings.push(`${first.samples - channels} of the ${first.samples} values of each pixel were left out.`);
  }
  return { shape: [pages.length, height, width], channels, data: data!, palette, warnings };
}

function isAlike(page: Page, first: Page): boolean {
  const words = ["width", "height", "samples", "bits", "format", "photometric"] as const;
  return words.every((word) => page[word] === first[word]);
}

/** Values of a part, [height, width, samples in it]. */
async function readSegment(
  bytes: Uint8Array,
  page: Page,
  { width, height, plane, start, numBytes }: Segment,
  isLittleEndian: boolean,
  name: string,
  zlib: Zlib,
): Promise<Samples> {
  const { bits, predictor, compression, format } = page;
  const samples = plane === undefined ? page.samples : 1;
  const rowLength = width * samples;
  const rowBytes = Math.ceil((rowLength * bits) / 8);
  const data = bytes.subarray(start, start + numBytes);
  let expanded = await expandSegment(data, compression, rowBytes * height, name, zlib);
  if (predictor === 3) expanded = addFloatDifferences(expanded, rowBytes, samples, bits / 8);
  else if (!isLittleEndian && bits >= 16) swapBytes(expanded, bits / 8);
  const Values = ARRAYS[`${format}${bits}`];
  const values = Values ? new Values(expanded.buffer) : unpackBits(expanded, rowLength, height, bits);
  if (predictor === 2) addDifferences(unsigned(values), rowLength, samples);
  return finish(values, page);
}

const ARRAYS: Readonly<Record<string, new (buffer: ArrayBuffer) => Samples>> = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** The same memory, since differences are added without a sign. */
function unsigned({ buffer, BYTES_PER_ELEMENT }: Samples): Uint8Array | Uint16Array | Uint32Array {
  if (BYTES_PER_ELEMENT === 1) return new Uint8Array(buffer);
  return BYTES_PER_ELEMENT === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

/** Samples of an odd number of bits, rows padded to bytes, highest bits first. */
function unpackBits(packed: Uint8Array, rowLength: number, height: number, bits: number): Uint8Array | Uint16Array {
  const values = bits <= 8 ? new Uint8Array(rowLength * height) : new Uint16Array(rowLength * height);
  const rowBytes = Math.ceil((rowLength * bits) / 8);
  for (let y = 0; y < height; y++) {
    let position = y * rowBytes;
    let held = 0;
    let numHeld = 0;
    for (let x = 0; x < rowLength; x++) {
      for (; numHeld < bits; numHeld += 8) held = ((held << 8) | packed[position++]!) & 0xffffff;
      numHeld -= bits;
      values[y * rowLength + x] = (held >> numHeld) & (2 ** bits - 1);
    }
  }
  return values;
}

/** Spreads few bits and turns "white is zero" round. */
function finish(values: Samples, { bits, photometric, format }: Page): Samples {
  const isInverted = photometric === 0 && format === "uint";
  const factor = bits < 8 && photometric !== 3 ? 255 / (2 ** bits - 1) : 1;
  if (!isInverted && factor === 1) return values;
  const top = 2 ** bits - 1;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.round((isInverted ? top - values[i]! : values[i]!) * factor);
  }
  return values;
}

/** Copies a part to where it belongs; what reaches beyond the picture, and samples beyond the channels, are left out. */
function place(values: Samples, segment: Segment, page: Page, channels: number, data: Samples, start: number): void {
  const { x, y, plane } = segment;
  const samples = plane === undefined ? page.samples : 1;
  const numChannels = plane === undefined ? channels : 1;
  if (plane !== undefined && plane >= channels) return;
  const columns = Math.min(segment.width, page.width - x);
  const rows = Math.min(segment.height, page.height - y);
  for (let row = 0; row < rows; row++) {
    let from = row * segment.width * samples;
    let to = start + ((y + row) * page.width + x) * channels + (plane ?? 0);
    for (let column = 0; column < columns; column++, from += samples, to += channels) {
      for (let c = 0; c < numChannels; c++) data[to + c] = values[from + c]!;
    }
  }
}
