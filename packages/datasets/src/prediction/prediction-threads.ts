/**
 * Reading and writing beside the network: in worker threads, so that the next image is decoded and the last one compressed
 * while one is segmented. They take their time to begin, so that the first images are read and written here: threads are
 * started once that has cost more than they do.
 *
 * Memory   as many inputs are read ahead as fit `AHEAD_BYTES`, at least the next one.
 * Errors   of reading are part of the outcome; those of writing are thrown.
 */
import { statSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type Outcome, WorkerPool } from "@medssl/imaging";
import type { PredictionInput } from "./prediction-inputs.ts";
import { type ReadJob, type ReadResult, readInput } from "./read-input.ts";
import { buffersOfResult, type WriteJob, type WriteResult, writeResult } from "./write-result.ts";

/** Of reading and writing here, until threads are worth it: what starting them costs a processor. */
const PATIENCE_MS = 500;
/** Of a file that may take long, in milliseconds; slices of a series have one each. */
const READ_LIMIT_MS = 60_000;
const WRITE_LIMIT_MS = 600_000;
/** Of decoded images that wait for the network. */
const AHEAD_BYTES = 2 ** 29;
const MOST_AHEAD = 16;
/** Decoded bytes of one of a file that is compressed. */
const COMPRESSION = 6;

export class PredictionThreads {
  readonly #numWorkers: number;
  readonly #patienceMs: number;
  #spentMs = 0;
  #networkMs = 0;
  #readers: WorkerPool<ReadJob, ReadResult> | undefined;
  #writers: WorkerPool<WriteJob, WriteResult> | undefined;
  /** Results that are written at a time while the network goes on. */
  readonly numAhead: number;

  /**
   * @param numWorkers That read, and as many that write, where there is enough to do for them; 0: none.
   * @param patienceMs Of reading and writing here, before they are started.
   */
  constructor(numWorkers: number, inputs: readonly Pick<PredictionInput, "files">[], patienceMs: number = PATIENCE_MS) {
    this.#numWorkers = numWorkers;
    this.#patienceMs = patienceMs;
    const largest = inputs.reduce((most, input) => Math.max(most, COMPRESSION * bytesOf(input)), 1);
    const most = Math.min(2 * Math.max(numWorkers, 1), MOST_AHEAD);
    this.numAhead = Math.max(Math.min(Math.floor(AHEAD_BYTES / largest), most), 1);
  }

  /** In the jobs' order. */
  async *read(
    jobs: readonly ReadJob[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly job: ReadJob; readonly result?: ReadResult; readonly error?: MedsslError }> {
    for await (const { job, result, error } of this.#outcomes(jobs, signal)) {
      if (error === undefined) yield { job, result };
      else yield { job, error: error instanceof MedsslError ? error : readerBug(job, error) };
    }
  }

  async *#outcomes(
    jobs: readonly ReadJob[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Outcome<ReadJob, ReadResult>> {
    for (const [i, job] of jobs.entries()) {
      if (signal?.aborted) return;
      // The last one would wait for a thread to begin.
      if (this.#numWorkers > 0 && this.#spentMs >= this.#patienceMs && i < jobs.length - 1) {
        this.#start();
        yield* this.#readers!.run(jobs.slice(i), signal);
        return;
      }
      yield await this.#here(async () => {
        try {
          return { job, result: await readInput(job) };
        } catch (error) {
          return { job, error: error as Error };
        }
      });
    }
  }

  /** @param job Its arrays may be given away. */
  async write(job: WriteJob): Promise<WriteResult> {
    if (this.#writers === undefined) return await this.#here(() => writeResult(job));
    for await (const { result, error } of this.#writers.run([job])) {
      if (error !== undefined) throw error;
      return result;
    }
    throw new Error("the threads were ended while a result was being written");
  }

  /** The network, whose time is not that of what is being written here meanwhile. */
  async besides<Value>(network: () => Promise<Value>): Promise<Value> {
    const startMs = performance.now();
    try {
      return await network();
    } finally {
      this.#networkMs += performance.now() - startMs;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#readers?.close(), this.#writers?.close()]);
  }

  async #here<Value>(work: () => Promise<Value>): Promise<Value> {
    const [startMs, networkMs] = [performance.now(), this.#networkMs];
    try {
      return await work();
    } finally {
      this.#spentMs += performance.now() - startMs - (this.#networkMs - networkMs);
    }
  }

  #start(): void {
    const numWorkers = this.#numWorkers;
    this.#readers = new WorkerPool({
      module: new URL("./read-worker.ts", import.meta.url),
      numWorkers,
      nameOf: ({ input }) => input.file,
      timeLimitMsOf: ({ input }) => READ_LIMIT_MS + 1000 * input.files.length,
      lookAhead: this.numAhead + 1,
    });
    this.#writers = new WorkerPool({
      module: new URL("./write-worker.ts", import.meta.url),
      numWorkers,
      nameOf: ({ out, name }) => `${out}: ${name}`,
      timeLimitMsOf: () => WRITE_LIMIT_MS,
      transferOf: buffersOfResult,
    });
    this.#readers.start();
    this.#writers.start();
  }
}

/** A mistake of ours costs one image, not the others. */
const readerBug = ({ input }: ReadJob, error: Error): MedsslError =>
  new MedsslError("ERR_READER_BUG", `${input.file}: the reader failed: ${error.stack ?? error.message}`, {
    hint: "Please report it, with the file if you can.",
  });

const bytesOf = ({ files }: Pick<PredictionInput, "files">): number =>
  files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
