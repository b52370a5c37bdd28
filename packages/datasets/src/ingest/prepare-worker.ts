/** The worker thread's side of an ingest: prepares one item after the other. */

import { serveJobs } from "@medssl/imaging";
import { type PreparedItem, type PrepareJob, prepareItem } from "./prepare-item.ts";

serveJobs<PrepareJob, PreparedItem>(prepareItem, ({ slices }) =>
  slices.flatMap(({ pixels, labels }) => [pixels, ...(labels === undefined ? [] : [labels])].map(bufferOf)),
);

const bufferOf = (array: Uint8Array | Int16Array): ArrayBuffer => array.buffer as ArrayBuffer;
