import type { Samples } from "./scan.ts";

/** Less than this is not worth the call, and may lie in a pool of small buffers that belong to others. */
const WORTH_BYTES = 2 ** 20;

/**
 * Gives back the memory of arrays that nobody needs any more, and empties them. The collector does not see how much lies
 * behind a large array: it comes late, and then often.
 */
export function freeMemory(...arrays: readonly Samples[]): void {
  for (const { buffer } of arrays) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength >= WORTH_BYTES) buffer.transfer(0);
  }
}
