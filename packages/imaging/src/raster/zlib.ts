/**
 * What the decoders of pictures need of zlib, passed in: see inflater.ts.
 */
export interface Zlib {
  /**
   * Undoes zlib's compression; throws whatever it likes on damaged data.
   *
   * @param size How many bytes are expected, for the first allocation. There may be more.
   */
  inflate(data: Uint8Array, size: number): Uint8Array | Promise<Uint8Array>;
  crc32(data: Uint8Array): number;
}

/** Deflate's best ratio: 258 bytes from two bits. */
const MAX_RATIO = 1032;

/** Whether so few bytes can hold so many: asked before memory is taken for a size that a header claims. */
export function canHold(compressed: number, size: number): boolean {
  return size <= compressed * MAX_RATIO;
}
