/**
 * Palette color: stored values looked up in three tables.
 *
 * Shapes    [pixels] in, [pixels, 3] of 8 bits out; entries of 16 bits lose their lower half.
 * Segments  tables may be written as segments: single entries, lines, and repetitions of earlier segments.
 * Errors    `ERR_DICOM_PIXELS`
 * Source    PS3.3 C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9.2.
 */

import type { Samples } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";
import { type LookupTable, lookUp, readDescriptor, readLookupTable, wordsOf } from "./lookup-table.ts";
import { pixelsError } from "./pixel-format.ts";

const colors = [
  { descriptor: "00281101", data: "00281201", segments: "00281221" },
  { descriptor: "00281102", data: "00281202", segments: "00281222" },
  { descriptor: "00281103", data: "00281203", segments: "00281223" },
] as const;

export function applyPalette(dataset: DicomDataset, stored: Samples, isSigned: boolean): Uint8Array {
  const tables = colors.map(({ descriptor, data, segments }) =>
    dataset.has(segments)
      ? readSegments(dataset, descriptor, segments, isSigned)
      : readLookupTable(dataset, { descriptor, data, isSigned }),
  );
  // Some writers announce 16 bits and write 8.
  const isWide = tables.some(({ entries }) => entries.some((entry) => entry > 255));
  const rgb = new Uint8Array(stored.length * 3);
  tables.forEach((table, offset) => {
    const entries = isWide ? Uint8Array.from(table.entries, (entry) => entry >> 8) : table.entries;
    lookUp(stored, { ...table, entries }, rgb, { offset, stride: 3 });
  });
  return rgb;
}

const discrete = 0;
const linear = 1;
const indirect = 2;

function readSegments(dataset: DicomDataset, descriptor: string, tag: string, isSigned: boolean): LookupTable {
  const { numEntries, firstMapped, numBits } = readDescriptor(dataset, descriptor, isSigned);
  const bytes = dataset.bytes(tag)!;
  const words = wordsOf(bytes, dataset.isLittleEndian(tag));
  const segments = new SegmentReader(numBits === 8 ? new Uint8Array(words.buffer, 0, bytes.length) : words, numEntries);
  segments.expand(0, Number.POSITIVE_INFINITY);
  if (segments.numExpanded < numEntries) {
    throw pixelsError(dataset.name, "palette segments", `${numEntries} entries`, segments.numExpanded);
  }
  return { firstMapped, numBits, entries: segments.entries };
}

class SegmentReader {
  readonly entries: Uint16Array;
  numExpanded = 0;
  readonly #words: Uint8Array | Uint16Array;

  constructor(words: Uint8Array | Uint16Array, numEntries: number) {
    this.#words = words;
    this.entries = new Uint16Array(numEntries);
  }

  /** Expands `count` segments from `start` on; ends with the words, with the table, or at what is no segment. */
  expand(start: number, count: number): void {
    const words = this.#words;
    for (let segment = 0, at = start; segment < count && at + 2 < words.length; segment++) {
      if (this.numExpanded >= this.entries.length) return;
      const opcode = words[at]!;
      const length = words[at + 1]!;
      at += 2;
      if (opcode === discrete) {
        for (let i = 0; i < length; i++) this.#add(words[at + i] ?? 0);
        at += length;
      } else if (opcode === linear) {
        this.#addLine(words[at]!, length);
        at += 1;
      } else if (opcode === indirect && start === 0) {
        // Copies hold no copies: only the segments that the table begins with are read for them.
        const place = this.#placeAt(at);
        if (place > 0) this.expand(place, length);
        at += words instanceof Uint8Array ? 4 : 2;
      } else {
        return;
      }
    }
  }

  #addLine(end: number, length: number): void {
    const start = this.entries[this.numExpanded - 1] ?? 0;
    for (let i = 1; i <= length; i++) this.#add(Math.round(start + ((end - start) * i) / length));
  }

  #add(entry: number): void {
    if (this.numExpanded < this.entries.length) this.entries[this.numExpanded++] = entry;
  }

  /** Index of the word that an indirect segment points to; it counts bytes. */
  #placeAt(at: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(at, at + 4);
    return this.#words instanceof Uint8Array ? a | (b << 8) | (c << 16) | (d << 24) : (a | (b << 16)) / 2;
  }
}
