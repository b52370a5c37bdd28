/**
 * Bits of entropy-coded JPEG data, the highest of a byte first; stuffed zeros are taken out.
 *
 * End      behind the data (or before a marker) zeros are read, and `isPastEnd` tells that they were: one look at it after
 *          every row is cheaper than a check of every bit.
 * Source   ITU-T T.81 annex F.2.2.
 */

import { corruptJpeg } from "./corrupt-jpeg.ts";
import type { HuffmanTable } from "./huffman-table.ts";

export class BitReader {
  readonly #data: Uint8Array;
  #position = 0;
  /** The lowest `#numBits` of it are still to be read; at most 32. */
  #bits = 0;
  #numBits = 0;
  /** How many of the bits that were put in were not there. */
  #numPadding = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get isPastEnd(): boolean {
    return this.#numPadding > this.#numBits;
  }

  /** The next `count` bits as a number, at most 16. */
  read(count: number): number {
    if (this.#numBits < count) this.#fill();
    this.#numBits -= count;
    return (this.#bits >>> this.#numBits) & ((1 << count) - 1);
  }

  /** A number of `count` bits as T.81 writes signed ones: those that begin with 0 are negative. */
  readSigned(count: number): number {
    if (count === 0) return 0;
    const value = this.read(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  /** The symbol of the next code. */
  decode(table: HuffmanTable): number {
    if (this.#numBits < 16) this.#fill();
    const short = table.shortCodes[(this.#bits >>> (this.#numBits - 8)) & 0xff]!;
    if (short !== 0) {
      this.#numBits -= short >> 8;
      return short & 0xff;
    }
    for (let length = 9; length <= 16; length++) {
      const code = (this.#bits >>> (this.#numBits - length)) & ((1 << length) - 1);
      if (code <= table.largest[length]!) {
        this.#numBits -= length;
        return table.symbols[code + table.shift[length]!]!;
      }
    }
    throw corruptJpeg("a code of its Huffman table", "another");
  }

  /** Goes on behind the next restart marker. */
  restart(): void {
    this.#numBits = 0;
    this.#numPadding = 0;
    const marker = this.#data[this.#position + 1];
    if (this.#data[this.#position] !== 0xff || marker === undefined || marker < 0xd0 || marker > 0xd7) {
      throw corruptJpeg("a restart marker", "none");
    }
    this.#position += 2;
  }

  #fill(): void {
    const data = this.#data;
    while (this.#numBits <= 24) {
      let byte = this.#position < data.length ? data[this.#position]! : -1;
      if (byte === 0xff) {
        if (data[this.#position + 1] === 0) this.#position += 2;
        else byte = -1;
      } else if (byte >= 0) {
        this.#position++;
      }
      if (byte < 0) {
        byte = 0;
        this.#numPadding += 8;
      }
      this.#bits = (this.#bits << 8) | byte;
      this.#numBits += 8;
    }
  }
}
