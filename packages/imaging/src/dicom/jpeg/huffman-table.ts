/**
 * A Huffman table of a JPEG stream, made for reading.
 *
 * Codes    up to 8 bits are looked up at once, longer ones (at most 16 bits) found by the largest code of each length.
 * Errors   `ERR_DICOM_CORRUPT` for counts that no code can have.
 * Source   ITU-T T.81 annexes C and F.2.2.3.
 */

import { corruptJpeg } from "./corrupt-jpeg.ts";

export class HuffmanTable {
  /** By the next 8 bits: length << 8 | symbol; 0 where the code is longer. */
  readonly shortCodes = new Uint16Array(256);
  /** By length, the largest code of it, -1 for none. */
  readonly largest = new Int32Array(17).fill(-1);
  /** By length: index of a symbol minus its code. */
  readonly shift = new Int32Array(17);
  readonly symbols: Uint8Array;

  /** @param counts How many codes there are of 1, 2, ... 16 bits. */
  constructor(counts: Uint8Array, symbols: Uint8Array) {
    this.symbols = symbols;
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length++, code <<= 1) {
      const count = counts[length - 1]!;
      if (count === 0) continue;
      this.shift[length] = index - code;
      if (length <= 8) {
        for (let i = 0; i < count; i++) {
          const first = (code + i) << (8 - length);
          this.shortCodes.fill((length << 8) | symbols[index + i]!, first, first + (1 << (8 - length)));
        }
      }
      code += count;
      index += count;
      if (code > 1 << length) throw corruptJpeg("a Huffman table with a code for every symbol", "too many symbols");
      this.largest[length] = code - 1;
    }
  }
}
