// Huffman tables, as huffman.ts writes them into memory:
//
//   0      2048 entries of 32 bits, by the next 11 bits of the stream
//   8192   16 numbers: the first code of each length that is too large, moved up to 16 bits
//   8256   16 numbers: place of a symbol minus its code, for each length
//   8320   256 symbols
//
// An entry is 0 where the code is longer than 11 bits. Otherwise its lowest 6 bits are the length, and the next 8 bits
// from bit 8 on the symbol. In tables of values (the AC coefficients of sequential pictures) bit 6 says that the entry
// holds a whole coefficient: the length includes its bits, bits 8 to 15 are the zeros before it plus one, and the upper
// half is its value; an end of block has 128 zeros.

import { bits, take } from "./bit-reader";

export const FAST_BITS: u64 = 11;
const TOO_LARGE: usize = 8192;
const OFFSETS: usize = 8256;
const SYMBOLS: usize = 8320;

/** What no code stands for. */
export const NO_SYMBOL: u32 = 256;

// @ts-ignore: decorator
@inline
export function entryAt(table: usize, bits: u64): u32 {
  return load<u32>(table + ((bits >> (64 - FAST_BITS)) << 2) as usize);
}

/** The next symbol of a table of symbols; at least 16 bits have to be there. */
export function takeSymbol(table: usize): u32 {
  const entry = entryAt(table, bits);
  if (entry == 0) return takeLongSymbol(table);
  take(entry & 63);
  return entry >> 8;
}

/** A symbol whose code is longer than 11 bits. */
export function takeLongSymbol(table: usize): u32 {
  const code = (bits >> 48) as u32;
  let length = FAST_BITS as u32;
  // Index 0 is length 1.
  while (length < 16 && code >= load<u32>(table + (length << 2), TOO_LARGE)) length++;
  if (length == 16) return NO_SYMBOL;
  length++;
  take(length);
  const place = ((code >> (16 - length)) as i32) + load<i32>(table + ((length - 1) << 2), OFFSETS);
  return load<u8>(table + (place & 255), SYMBOLS);
}
