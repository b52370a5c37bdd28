/** The worker thread's side of a prediction: reads inputs and writes results. */
import { serveJobs } from "@medssl/imaging";
import { buffersOfScans, type ReadJob, type ReadResult, readInput } from "./read-input.ts";
import { type WriteJob, type WriteResult, writeResult } from "./write-result.ts";

serveJobs<ReadJob | WriteJob, ReadResult | WriteResult>(
  (job) => (job.kind === "read" ? readInput(job) : writeResult(job)),
  (result) => ("scans" in result ? buffersOfScans(result) : []),
);
