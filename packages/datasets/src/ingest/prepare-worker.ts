/** The worker thread's side of an ingest: prepares one item after the other. */

import { isMarkedAsUntransferable } from "node:worker_threads";
import { serveJobs } from "@medssl/imaging";
import { type PreparedItem, type PrepareJob, prepareItem } from "./prepare-item.ts";

serveJobs<PrepareJob, PreparedItem>(prepareItem, buffersOf);

/** Slices that were not resized are parts of their volume's buffer, which is moved once. */
function buffersOf({ slices }: PreparedItem): ArrayBuffer[] {
  const arrays = slices.flatMap(({ pixels, labels }) => (labels === undefined ? [pixels] : [pixels, labels]));
  const buffers = new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer));
  // Node's pool of small buffers belongs to everybody: what lies there is copied.
  return [...buffers].filter((buffer) => !isMarkedAsUntransferable(buffer));
}
