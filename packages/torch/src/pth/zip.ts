/**
 * The directory of a .zip whose entries are stored as they are: where each entry's bytes lie in the file.
 *
 * Large   entries and archives over 4 GB are found by their zip64 records.
 * Source  PKWARE's APPNOTE, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14-16 (its end), 4.5.3 (zip64).
 */
import type { Refuse } from "./refusal.ts";

export interface ZipEntry {
  /** Of the first byte in the file. */
  readonly start: number;
  readonly size: number;
  /** Checksum of the bytes; 0 where the writer left it out. */
  readonly crc32: number;
}

/** Reads `length` bytes of a file from `start` on. */
export type ReadBytes = (start: number, length: number) => Buffer;

const LOCAL = 0x04034b50;
const DIRECTORY = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** In a field of 32 bits: the value is in the zip64 record. */
const ELSEWHERE = 0xffffffff;
const LARGEST_DIRECTORY = 2 ** 26;

/** @param size Of the file. @param read Is asked for bytes inside of the file only. */
export function readZipDirectory(size: number, read: ReadBytes, refuse: Refuse): ReadonlyMap<string, ZipEntry> {
  const { start, length } = findDirectory(size, read, refuse);
  if (start + length > size) refuse("its directory lies outside of the file; it was cut off");
  if (length > LARGEST_DIRECTORY) refuse(`its directory says ${length} bytes, which no weights need`);
  const directory = read(start, length);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + 46 <= length; ) {
    if (directory.readUInt32LE(at) !== DIRECTORY) refuse(`its directory is damaged at byte ${start + at}`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      directory.readUInt16LE(at + field),
    ) as [number, number, number];
    const nameEnd = at + 46 + nameLength;
    const end = nameEnd + extraLength + commentLength;
    if (end > length) refuse(`its directory is damaged at byte ${start + at}`);
    const name = directory.toString("utf8", at + 46, nameEnd);
    if (directory.readUInt16LE(at + 8) & 1) refuse(`entry "${name}" is encrypted`);
    if (directory.readUInt16LE(at + 10) !== 0)
      refuse(`entry "${name}" is compressed; PyTorch stores its entries plain`);
    const sizes = entrySizes(directory, at, directory.subarray(nameEnd, nameEnd + extraLength));
    const dataStart = sizes === undefined ? undefined : startOfData(sizes.header, size, read);
    if (sizes === undefined || dataStart === undefined || dataStart + sizes.size > size) {
      return refuse(`entry "${name}" lies outside of the file`);
    }
    entries.set(name, { start: dataStart, size: sizes.size, crc32: directory.readUInt32LE(at + 16) });
    at = end;
  }
  return entries;
}

function findDirectory(size: number, read: ReadBytes, refuse: Refuse): { start: number; length: number } {
  const tailStart = Math.max(0, size - 22 - 0xffff);
  const tail = read(tailStart, size - tailStart);
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) return refuse("a .zip without its end; it was cut off");
  const locator = at - 20;
  if (locator >= 0 && tail.readUInt32LE(locator) === LOCATOR64) {
    const start = Number(tail.readBigUInt64LE(locator + 8));
    const record = start + 56 <= size ? read(start, 56) : Buffer.alloc(56);
    if (record.readUInt32LE(0) !== END64) refuse("its zip64 record is not where it should be");
    return { length: Number(record.readBigUInt64LE(40)), start: Number(record.readBigUInt64LE(48)) };
  }
  return { length: tail.readUInt32LE(at + 12), start: tail.readUInt32LE(at + 16) };
}

/** Size and place of the local header; undefined when the zip64 record that should have them does not. */
function entrySizes(directory: Buffer, at: number, extra: Buffer): { size: number; header: number } | undefined {
  const stored = { packed: directory.readUInt32LE(at + 20), size: directory.readUInt32LE(at + 24) };
  const header = directory.readUInt32LE(at + 42);
  const wide = zip64Values(extra);
  // The record has only the values that did not fit, in this order.
  const value = (field: number) => (field === ELSEWHERE ? wide.shift() : field);
  const size = value(stored.size);
  const packed = value(stored.packed);
  const place = value(header);
  return size === undefined || place === undefined || packed !== size ? undefined : { size, header: place };
}

function zip64Values(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const record = extra.subarray(at + 4, at + 4 + length);
      return Array.from({ length: Math.floor(record.length / 8) }, (_, i) => Number(record.readBigUInt64LE(8 * i)));
    }
    at += 4 + length;
  }
  return [];
}

function startOfData(header: number, size: number, read: ReadBytes): number | undefined {
  if (header + 30 > size) return undefined;
  const local = read(header, 30);
  if (local.readUInt32LE(0) !== LOCAL) return undefined;
  return header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
}
