/**
 * Huffman tables of a JPEG, laid out for the kernel: see kernel/huffman.as for the layout.
 */

import type { HuffmanTable } from "./segments.ts";

/** As the file has defined them up to a scan, by number. */
export interface HuffmanTables {
  readonly dc: HuffmanTable[];
  readonly ac: HuffmanTable[];
}

export const HUFFMAN_BYTES = 8576;

const FAST_BITS = 11;
const NUM_FAST = 1 << FAST_BITS;
const TOO_LARGE = 8192;
const OFFSETS = 8256;
const SYMBOLS = 8320;
/** Says in an entry that it holds a whole coefficient. */
const WHOLE = 64;
const END_OF_BLOCK = 128;

/** @param holdsValues Whether it is for the AC coefficients of a sequential picture, whose entries hold them whole. */
export function writeHuffman(
  memory: Uint8Array<ArrayBuffer>,
  address: number,
  { counts, symbols }: HuffmanTable,
  holdsValues: boolean,
): void {
  const entries = new Int32Array(memory.buffer, address, NUM_FAST).fill(0);
  const tooLarge = new Uint32Array(memory.buffer, address + TOO_LARGE, 16);
  const offsets = new Int32Array(memory.buffer, address + OFFSETS, 16);
  memory.set(symbols, address + SYMBOLS);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    offsets[length - 1] = place - code;
    for (let i = 0; i < counts[length - 1]!; i++, code++, place++) {
      if (length > FAST_BITS) continue;
      const rest = FAST_BITS - length;
      if (holdsValues) writeValues(entries, code << rest, rest, length, symbols[place]!);
      else entries.fill(length | (symbols[place]! << 8), code << rest, (code + 1) << rest);
    }
    tooLarge[length - 1] = code << (16 - length);
  }
}

/** Entries of one code: `rest` bits follow it, which may hold the coefficient. */
function writeValues(entries: Int32Array, start: number, rest: number, length: number, symbol: number): void {
  const run = symbol >> 4;
  const size = symbol & 15;
  const end = start + (1 << rest);
  if (size === 0) entries.fill(length | WHOLE | ((symbol === 0xf0 ? 16 : END_OF_BLOCK) << 8), start, end);
  else if (size > rest) entries.fill(length | (symbol << 8), start, end);
  else {
    const repeated = 1 << (rest - size);
    for (let bits = 0; bits < 1 << size; bits++) {
      const value = bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
      const entry = (value << 16) | ((run + 1) << 8) | WHOLE | (length + size);
      entries.fill(entry, start + bits * repeated, start + (bits + 1) * repeated);
    }
  }
}
