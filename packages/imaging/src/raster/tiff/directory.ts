/**
 * The directories of a TIFF file: what each of its pages says about itself, in either byte order, classic and BigTIFF.
 *
 * Errors    `ERR_IMAGE_CORRUPT`: an entry or a directory lies outside the file, or they run in a circle.
 * Source    TIFF, revision 6.0 (Aldus, 1992), section 2; BigTIFF as libtiff writes it.
 */

import { corruptImage } from "../raster-error.ts";

export const TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
} as const;

const KNOWN = new Set<number>(Object.values(TAG));

/** Values of the tags above, numbers only; all others may be of any size and are left where they are. */
export type Directory = ReadonlyMap<number, readonly number[]>;

/** Bytes of a value: byte, short, long, signed ones, IFD, and BigTIFF's 8-byte ones. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8 };

export function isTiff(bytes: Uint8Array): boolean {
  const mark = String.fromCharCode(...bytes.subarray(0, 4));
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(mark);
}

export interface Directories {
  readonly isLittleEndian: boolean;
  readonly pages: readonly Directory[];
}

export function readDirectories(bytes: Uint8Array, name: string): Directories {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittleEndian = bytes[0] === 0x49;
  const isBig = view.getUint16(2, isLittleEndian) === 43;
  const [countBytes, entryBytes, pointerBytes] = isBig ? [8, 20, 8] : [2, 12, 4];
  const read = (position: number, numBytes: number): number => {
    if (position + numBytes > bytes.length) throw corruptImage(name, "a directory lies outside the file");
    if (numBytes === 1) return bytes[position]!;
    if (numBytes === 2) return view.getUint16(position, isLittleEndian);
    return numBytes === 4
      ? view.getUint32(position, isLittleEndian)
      : Number(view.getBigUint64(position, isLittleEndian));
  };
  const readEntry = (position: number): [number, number[]] | undefined => {
    const tag = read(position, 2);
    const numBytes = TYPE_BYTES[read(position + 2, 2)];
    const count = read(position + 4, pointerBytes);
    if (numBytes === undefined || !KNOWN.has(tag)) return undefined;
    const isInline = count * numBytes <= pointerBytes;
    const start = isInline ? position + 4 + pointerBytes : read(position + 4 + pointerBytes, pointerBytes);
    if (start + count * numBytes > bytes.length)
      throw corruptImage(name, `the values of tag ${tag} lie outside the file`);
    return [tag, Array.from({ length: count }, (_, i) => read(start + i * numBytes, numBytes))];
  };
  const pages: Directory[] = [];
  const seen = new Set<number>();
  for (let start = read(isBig ? 8 : 4, pointerBytes); start !== 0; ) {
    if (seen.has(start)) throw corruptImage(name, "its directories run in a circle");
    seen.add(start);
    const numEntries = read(start, countBytes);
    const end = start + countBytes + numEntries * entryBytes;
    if (end + pointerBytes > bytes.length) throw corruptImage(name, "a directory lies outside the file");
    const entries = Array.from({ length: numEntries }, (_, i) => readEntry(start + countBytes + i * entryBytes));
    pages.push(new Map(entries.filter((entry) => entry !== undefined)));
    start = read(end, pointerBytes);
  }
  if (pages.length === 0) throw corruptImage(name, "it has no picture");
  return { isLittleEndian, pages };
}
