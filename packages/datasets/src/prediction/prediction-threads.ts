/**
 * Reading and writing beside the network: in worker threads, so that the next image is decoded and the last one compressed
 * while one is segmented. Without workers the same happens here, one after the other: a single image would wait for a
 * thread to begin.
 *
 * Memory   as many inputs are read ahead as fit `AHEAD_BYTES`, at least the next one.
 * Errors   of reading are part of the outcome; those of writing are thrown.
 */
import { statSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type Outcome, WorkerPool } from "@medssl/imaging";
import type { PredictionInput } from "./prediction-inputs.ts";
import { type ReadJob, type ReadResult, readInput } from "./read-input.ts";
import { type WriteJob, type WriteResult, writeResult } from "./write-result.ts";

/** Of a file that may take long, in milliseconds; slices of a series have one each. */
const READ_LIMIT_MS = 60_000;
const WRITE_LIMIT_MS = 600_000;
/** Of decoded images that wait for the network. */
const AHEAD_BYTES = 2 ** 29;
const MOST_AHEAD = 16;
/** Decoded bytes of one of a file that is compressed. */
const COMPRESSION = 6;

type Job = ReadJob | WriteJob;
type Result = ReadResult | WriteResult;

export class PredictionThreads {
  readonly #pool: WorkerPool<Job, Result> | undefined;
  /** Results that are written at a time while the network goes on. */
  readonly numAhead: number;

  constructor(numWorkers: number, inputs: readonly Pick<PredictionInput, "files">[]) {
    const largest = inputs.reduce((most, input) => Math.max(most, decodedBytes(input)), 1);
    const most = Math.min(2 * Math.max(numWorkers, 1), MOST_AHEAD);
    this.numAhead = Math.max(Math.min(Math.floor(AHEAD_BYTES / largest), most), 1);
    if (numWorkers === 0) return;
    this.#pool = new WorkerPool({
      module: new URL("./prediction-worker.ts", import.meta.url),
      numWorkers,
      nameOf: (job) => (job.kind === "read" ? job.input.file : `${job.out}: ${job.name}`),
      timeLimitMsOf: (job) => (job.kind === "read" ? READ_LIMIT_MS + 1000 * job.input.files.length : WRITE_LIMIT_MS),
      lookAhead: this.numAhead + 1,
    });
  }

  /** Workers load what they need while the model is being loaded here. */
  start(): void {
    this.#pool?.start();
  }

  /** In the jobs' order. */
  async *read(
    jobs: readonly ReadJob[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly job: ReadJob; readonly result?: ReadResult; readonly error?: MedsslError }> {
    for await (const { job, result, error } of this.#run(jobs, signal)) {
      const outcome = { job: job as ReadJob };
      if (error === undefined) yield { ...outcome, result: result as ReadResult };
      else yield { ...outcome, error: error instanceof MedsslError ? error : readerBug(outcome.job, error) };
    }
  }

  async write(job: WriteJob): Promise<WriteResult> {
    if (this.#pool === undefined) return await writeResult(job);
    for await (const { result, error } of this.#pool.run([job])) {
      if (error !== undefined) throw error;
      return result as WriteResult;
    }
    throw new Error("the threads were ended while a result was being written");
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #run(jobs: readonly ReadJob[], signal: AbortSignal | undefined): AsyncIterable<Outcome<Job, Result>> {
    return this.#pool?.run(jobs, signal) ?? readHere(jobs, signal);
  }
}

async function* readHere(
  jobs: readonly ReadJob[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Outcome<ReadJob, ReadResult>> {
  for (const job of jobs) {
    if (signal?.aborted) return;
    let outcome: Outcome<ReadJob, ReadResult>;
    try {
      outcome = { job, result: await readInput(job) };
    } catch (error) {
      outcome = { job, error: error as Error };
    }
    yield outcome;
  }
}

/** A mistake of ours costs one image, not the others. */
const readerBug = ({ input }: ReadJob, error: Error): MedsslError =>
  new MedsslError("ERR_READER_BUG", `${input.file}: the reader failed: ${error.stack ?? error.message}`, {
    hint: "Please report it, with the file if you can.",
  });

function decodedBytes({ files }: Pick<PredictionInput, "files">): number {
  const sizes = files.map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return COMPRESSION * sizes.reduce((sum, size) => sum + size, 0);
}
