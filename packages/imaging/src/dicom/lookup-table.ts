/**
 * Look-up tables of DICOM: modality, VOI, and each color of a palette.
 *
 * Values   below the first mapped value the first entry holds, above the last the last.
 * Entries  8 or 16 bits; some writers give 8-bit ones 16 bits of room, and the length tells.
 * Errors   `ERR_DICOM_PIXELS` for a table that is not as long as its descriptor says.
 * Source   PS3.3 C.11.1 and C.7.6.3.1.5.
 */

import type { Samples } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";
import { pixelsError } from "./pixel-format.ts";

export interface LookupTable {
  /** The stored value that the first entry is for. */
  readonly firstMapped: number;
  readonly entries: Uint8Array | Uint16Array;
  /** Of an entry, as the descriptor says. */
  readonly numBits: number;
}

interface TablePlace {
  readonly descriptor: string;
  readonly data: string;
  /** Of the values that are looked up. */
  readonly isSigned: boolean;
}

export function readLookupTable(dataset: DicomDataset, { descriptor, data, isSigned }: TablePlace): LookupTable {
  const { numEntries, firstMapped, numBits } = readDescriptor(dataset, descriptor, isSigned);
  const bytes = dataset.bytes(data) ?? new Uint8Array();
  if (bytes.length < numEntries) {
    throw pixelsError(dataset.name, "LUT data", `${numEntries} entries`, `${bytes.length} bytes`);
  }
  const isPacked = bytes.length < 2 * numEntries;
  const words = wordsOf(bytes, dataset.isLittleEndian(data));
  const entries = isPacked ? new Uint8Array(words.buffer, 0, numEntries) : words.subarray(0, numEntries);
  return { firstMapped, numBits, entries };
}

export function readDescriptor(dataset: DicomDataset, tag: string, isSigned: boolean) {
  const [numEntries = 0, firstMapped = 0, numBits = 16] = dataset.numbers(tag);
  return {
    // 16 bits cannot say 65536.
    numEntries: numEntries & 0xffff || 65536,
    firstMapped: isSigned ? (firstMapped << 16) >> 16 : firstMapped & 0xffff,
    numBits,
  };
}

/** Words in this machine's order; a last odd byte becomes a word of its own. */
export function wordsOf(bytes: Uint8Array, isLittleEndian: boolean): Uint16Array<ArrayBuffer> {
  const words = new Uint16Array(Math.ceil(bytes.length / 2));
  for (let i = 0; i < words.length; i++) {
    const [first, second] = [bytes[2 * i]!, bytes[2 * i + 1] ?? 0];
    words[i] = isLittleEndian ? first | (second << 8) : (first << 8) | second;
  }
  return words;
}

/** Writes into every `stride`th of `result` from `offset` on; values between whole numbers are rounded. */
export function lookUp(
  values: Samples,
  { entries, firstMapped }: LookupTable,
  result: Samples,
  { offset, stride }: { readonly offset: number; readonly stride: number } = { offset: 0, stride: 1 },
): void {
  const last = entries.length - 1;
  for (let i = 0, target = offset; i < values.length; i++, target += stride) {
    const index = Math.round(values[i]! - firstMapped);
    result[target] = entries[Math.min(Math.max(index, 0), last)]!;
  }
}
