import { isMarkedAsUntransferable } from "node:worker_threads";
import type { Samples } from "@medssl/imaging";

/** Buffers of arrays that nobody needs any more here: they are moved to another thread, where a copy would take its time. */
export function movableBuffers(arrays: readonly Samples[]): ArrayBuffer[] {
  const buffers = new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer));
  // Node's pool of small buffers belongs to everybody: what lies there is copied.
  return [...buffers].filter((buffer) => !isMarkedAsUntransferable(buffer));
}
