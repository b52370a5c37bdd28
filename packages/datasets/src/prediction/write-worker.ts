/** The worker thread's side of a prediction that writes results. */
import { serveJobs } from "@medssl/imaging";
import { type WriteJob, type WriteResult, writeResult } from "./write-result.ts";

serveJobs<WriteJob, WriteResult>(writeResult);
