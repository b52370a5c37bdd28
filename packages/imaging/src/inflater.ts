/**
 * Everything that image files need of zlib, passed in: Node's own is in `node/zlib.ts`, a browser's in
 * `browser/inflater.ts`.
 */
import type { Zlib } from "./raster/zlib.ts";

export interface Inflater extends Zlib {
  /** What the first bytes of a gzip stream hold; throws whatever it likes on damaged data. */
  gunzipHead(begin: Uint8Array): Uint8Array;
  /**
   * A whole gzip stream.
   *
   * @param most A stream that holds more throws `TooManyBytes`; one that is damaged, or ends early, whatever it likes.
   * @param isExpected Whether `most` is about what is expected, for the first allocation. @default false
   */
  gunzip(bytes: Uint8Array, most: number, isExpected?: boolean): Promise<Uint8Array>;
}

export class TooManyBytes extends Error {
  constructor(most: number) {
    super(`expected at most ${most} bytes, got more`);
  }
}
