/**
 * One scan of a JPEG picture: its segments between restart marks, each given to the kernel.
 *
 * Errors    `ERR_IMAGE_CORRUPT`: a code that is none, fewer or more bytes than the blocks take, a restart mark that is
 *           missing or out of turn.
 * Source    ITU-T T.81 (1992), annexes E, F and G.
 */

import { corruptImage } from "../raster-error.ts";
import { type HuffmanTables, writeHuffman } from "./huffman.ts";
import { type ComponentMemory, type PictureMemory, writeComponent } from "./picture-memory.ts";
import type { Frame, ScanHeader } from "./segments.ts";

/** Bits that may be left in a segment: less than a byte fills it up, and writers add one now and then. */
const SPARE_BITS = 16;

/** @returns Where the marker after the scan is. */
export function decodeScan(
  bytes: Uint8Array,
  start: number,
  memory: PictureMemory,
  frame: Frame,
  scan: ScanHeader,
  tables: HuffmanTables,
  restartInterval: number,
  name: string,
): number {
  const { kernel, stuffed, coded } = memory;
  const components = scan.components.map(({ index }) => memory.components[index]!);
  writeTables(memory, frame, scan, tables, name);
  const isAlone = components.length === 1;
  const addresses = components.map((component, i) => writeComponent(memory, i, component, isAlone));
  const [unitsInRow, numUnits] = unitsOf(memory, components);
  const decode = decoderOf(memory, frame, scan, addresses[0]!, unitsInRow);

  const size = bytes.length - start;
  kernel.bytes.set(bytes.subarray(start), stuffed);
  let position = stuffed;
  const interval = restartInterval || numUnits;
  for (let first = 0, number = 0; first < numUnits; first += interval, number++) {
    if (number > 0) position = passRestart(kernel.bytes, position, number, name);
    const codedBytes = kernel.unstuff(position, stuffed + size, coded);
    position = kernel.stoppedAt();
    kernel.beginSegment(coded, codedBytes);
    const isDecoded = decode(first, Math.min(interval, numUnits - first));
    const left = codedBytes * 8 - kernel.consumedBits();
    if (!isDecoded || left < 0) throw corruptImage(name, left < 0 ? "it ends early" : "an impossible code");
    if (left >= SPARE_BITS) throw corruptImage(name, `${left >> 3} bytes more than its blocks take`);
  }
  return start + position - stuffed;
}

/** Units in a row and in all: of the picture, or of the only component, which then has no blocks for the sake of others. */
function unitsOf(memory: PictureMemory, components: readonly ComponentMemory[]): [number, number] {
  if (components.length > 1) return [memory.unitsInRow, memory.unitsInRow * memory.unitRows];
  const { width, height } = components[0]!;
  const unitsInRow = Math.ceil(width / 8);
  return [unitsInRow, unitsInRow * Math.ceil(height / 8)];
}

function writeTables(memory: PictureMemory, frame: Frame, scan: ScanHeader, tables: HuffmanTables, name: string): void {
  const needsDc = scan.from === 0 && scan.high === 0;
  const needsAc = !frame.isProgressive || scan.from > 0;
  for (const { index, dcTable, acTable } of scan.components) {
    const component = memory.components[index]!;
    const [dc, ac] = [tables.dc[dcTable], tables.ac[acTable]];
    if ((needsDc && dc === undefined) || (needsAc && ac === undefined))
      throw corruptImage(name, "a table of codes is missing");
    if (needsDc) writeHuffman(memory.kernel.bytes, component.dcTable, dc!, false);
    if (needsAc) writeHuffman(memory.kernel.bytes, component.acTable, ac!, !frame.isProgressive);
  }
}

/** What decodes a number of units from a first one on, and tells whether it could. */
function decoderOf(
  { kernel, scanComponents }: PictureMemory,
  { isProgressive }: Frame,
  { components, from, to, high, low }: ScanHeader,
  component: number,
  unitsInRow: number,
): (first: number, count: number) => boolean {
  const count = components.length;
  if (!isProgressive) {
    return (first, units) => kernel.decodeSequential(scanComponents, count, unitsInRow, first, units) === 1;
  }
  const decodeDc = high === 0 ? kernel.decodeDcFirst : kernel.decodeDcRefinement;
  const decodeAc = high === 0 ? kernel.decodeAcFirst : kernel.decodeAcRefinement;
  return (first, units) => {
    kernel.beginProgressive(scanComponents, count);
    return from === 0
      ? decodeDc(scanComponents, count, unitsInRow, first, units, low) === 1
      : decodeAc(component, unitsInRow, first, units, from, to, low) === 1;
  };
}

/** Restart marks count from 0 to 7 and again. @returns Where the next segment begins. */
function passRestart(bytes: Uint8Array, position: number, number: number, name: string): number {
  let marker = position;
  while (bytes[marker] === 0xff) marker++;
  if (bytes[marker] !== 0xd0 + ((number - 1) & 7)) throw corruptImage(name, "a restart mark is missing");
  return marker + 1;
}
