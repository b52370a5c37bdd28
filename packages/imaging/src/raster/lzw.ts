/**
 * LZW as GIF and TIFF have it: codes of growing width, each for a string that has been seen.
 *
 * Table     every new string is the one before and one value more, and so lies in the output already: an entry is the
 *           place and the length there, no string is kept twice.
 * Dialects  GIF puts the first code into the lowest bits, TIFF into the highest, and TIFF widens its codes one code early.
 * Errors    `ERR_IMAGE_CORRUPT`: a code that cannot be, or the data ends before `out` is full.
 * Source    Welch, IEEE Computer 17(6):8 (1984); GIF89a (1990), appendix F; TIFF 6.0 (1992), section 13.
 */

import { corruptImage } from "./raster-error.ts";

export interface LzwDialect {
  /** Bits of a value; its codes begin one bit wider. */
  readonly valueBits: number;
  readonly isHighBitFirst: boolean;
  /** Codes by which the width grows before it has to. */
  readonly early: 0 | 1;
}

const MAX_WIDTH = 12;

/** Fills `out`; what follows then is not looked at. */
export function expandLzw(data: Uint8Array, dialect: LzwDialect, out: Uint8Array, name: string): void {
  const { valueBits, isHighBitFirst, early } = dialect;
  const clear = 1 << valueBits;
  const starts = new Int32Array(1 << MAX_WIDTH);
  const lengths = new Int32Array(1 << MAX_WIDTH);
  let width = valueBits + 1;
  let next = clear + 2;
  // The last string, as a place in the output; none after a clear code.
  let lastStart = -1;
  let lastLength = 0;
  let bits = 0;
  let numBits = 0;
  let position = 0;
  let written = 0;
  while (written < out.length) {
    while (numBits < width) {
      if (position === data.length) throw corruptImage(name, `${written} values instead of ${out.length}`);
      bits = isHighBitFirst ? (bits << 8) | data[position++]! : bits | (data[position++]! << numBits);
      numBits += 8;
    }
    const code = (isHighBitFirst ? bits >> (numBits - width) : bits) & ((1 << width) - 1);
    numBits -= width;
    if (!isHighBitFirst) bits >>>= width;
    if (code === clear) {
      width = valueBits + 1;
      next = clear + 2;
      lastStart = -1;
      continue;
    }
    if (code === clear + 1) throw corruptImage(name, `${written} values instead of ${out.length}`);
    const isNew = code === next && lastStart >= 0;
    if (!isNew && code >= (lastStart < 0 ? clear : next)) throw corruptImage(name, `an impossible code, ${code}`);
    const start = written;
    const length = isNew ? lastLength + 1 : code < clear ? 1 : lengths[code]!;
    if (code < clear) out[written++] = code;
    else {
      const end = Math.min(written + length, out.length);
      // Forwards, since a new string overlaps with what is being written.
      for (let from = isNew ? lastStart : starts[code]!; written < end; ) out[written++] = out[from++]!;
    }
    if (lastStart >= 0 && next < 1 << MAX_WIDTH) {
      starts[next] = lastStart;
      lengths[next] = lastLength + 1;
      next += 1;
      if (next + early === 1 << width && width < MAX_WIDTH) width += 1;
    }
    lastStart = start;
    lastLength = length;
  }
}
