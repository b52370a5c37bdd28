/** The worker thread's side of a prediction that reads inputs. */
import { serveJobs } from "@medssl/imaging";
import { buffersOfScans, type ReadJob, type ReadResult, readInput } from "./read-input.ts";

serveJobs<ReadJob, ReadResult>(readInput, buffersOfScans);
