/**
 * Jobs in worker threads, a few at a time, with the results in the jobs' order.
 *
 * Jobs     plain data, as many as one likes: only `lookAhead` of them are at work, or done and not yet taken.
 * Workers  are started when there is work for them, and load `module`, which calls `serveJobs`.
 * Failure  of a job is part of its outcome and stops nothing. `MedsslError`: what a file can cause, also `ERR_TIME_LIMIT`
 *          and `ERR_WORKER_DIED`, after which another worker takes the place. Any other error is a bug, with the stack
 *          that it had in the worker.
 */

import { QUEUE_LENGTH, SupervisedWorker, type Ticket, type WorkerSettings } from "./supervised-worker.ts";

export interface WorkerPoolOptions<Job> {
  /** The worker's module, `.ts` too. */
  readonly module: URL;
  readonly numWorkers: number;
  /** What messages call a job: the path of its file. */
  readonly nameOf: (job: Job) => string;
  /** For one job, in milliseconds. @default 60 000 for each */
  readonly timeLimitMsOf?: (job: Job) => number;
  /** Buffers that a job gives away: they are moved, not copied. Such a job cannot be sent twice. @default none */
  readonly transferOf?: (job: Job) => readonly ArrayBuffer[];
  /** JavaScript heap of each worker, in MiB; typed arrays are not in it. @default Node's own limit */
  readonly heapMb?: number;
  /** Jobs at work or done and not yet taken. @default 4 for each worker */
  readonly lookAhead?: number;
}

export type Outcome<Job, Result> =
  | { readonly job: Job; readonly result: Result; readonly error?: undefined }
  | { readonly job: Job; readonly error: Error; readonly result?: undefined };

export class WorkerPool<Job, Result> {
  readonly #options: WorkerPoolOptions<Job>;
  readonly #settings: WorkerSettings<Job>;
  readonly #closing = new AbortController();
  #workers: SupervisedWorker<Job, Result>[] = [];
  #waiting: Ticket<Job, Result>[] = [];

  constructor(options: WorkerPoolOptions<Job>) {
    this.#options = options;
    const { module, heapMb, transferOf } = options;
    this.#settings = { module, heapMb, transferOf };
  }

  /**
   * Outcomes in the jobs' order. Ends early when the consumer stops, `signal` fires or the pool is closed; what is at
   * work then is dropped. The pool can be used again, and by several runs at a time.
   */
  async *run(
    jobs: Iterable<Job> | AsyncIterable<Job>,
    signal?: AbortSignal,
  ): AsyncGenerator<Outcome<Job, Result>, void, undefined> {
    const lookAhead = this.#options.lookAhead ?? 4 * this.#options.numWorkers;
    const stop = AbortSignal.any(signal ? [signal, this.#closing.signal] : [this.#closing.signal]);
    const source = Symbol.asyncIterator in jobs ? jobs[Symbol.asyncIterator]() : jobs[Symbol.iterator]();
    const ahead: Promise<Outcome<Job, Result>>[] = [];
    const request = { isDropped: false };
    let isAtEnd = false;
    try {
      for (;;) {
        while (!isAtEnd && ahead.length < lookAhead) {
          const next = await unlessStopped(Promise.resolve(source.next()), stop);
          if (next === undefined) return;
          if (next.done) isAtEnd = true;
          else ahead.push(this.#attempt(next.value, request));
        }
        const first = ahead.shift();
        const outcome = first && (await unlessStopped(first, stop));
        if (outcome === undefined) return;
        yield outcome;
      }
    } finally {
      request.isDropped = true;
      if (!isAtEnd) await source.return?.();
    }
  }

  /** Starts all workers before there is work for them: what they load is loaded while the jobs are being found. */
  start(): void {
    while (this.#workers.length < this.#options.numWorkers) this.#startWorker();
  }

  /** Ends all runs and all workers, whatever they are doing. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #attempt(job: Job, request: Ticket<Job, Result>["request"]): Promise<Outcome<Job, Result>> {
    return new Promise((settle) => {
      this.#waiting.push({
        job,
        request,
        name: this.#options.nameOf(job),
        timeLimitMs: this.#options.timeLimitMsOf?.(job) ?? 60_000,
        resolve: (result) => settle({ job, result }),
        reject: (error) => settle({ job, error }),
      });
      this.#dispatch();
    });
  }

  /** Hands waiting jobs to the workers with the shortest queues. */
  #dispatch(): void {
    this.#waiting = this.#waiting.filter(({ request }) => !request.isDropped);
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      const worker = this.#leastBusy();
      if (worker === undefined) return;
      worker.send(this.#waiting.shift()!);
    }
  }

  #leastBusy(): SupervisedWorker<Job, Result> | undefined {
    const [first] = this.#workers.toSorted((a, b) => a.numQueued - b.numQueued);
    if (first?.numQueued === 0) return first;
    if (this.#workers.length < this.#options.numWorkers) return this.#startWorker();
    return first !== undefined && first.numQueued < QUEUE_LENGTH ? first : undefined;
  }

  #startWorker(): SupervisedWorker<Job, Result> {
    const worker = new SupervisedWorker<Job, Result>(this.#settings, (handedBack) => {
      this.#workers = this.#workers.filter(({ isAlive }) => isAlive);
      this.#waiting.unshift(...handedBack);
      this.#dispatch();
    });
    this.#workers.push(worker);
    return worker;
  }
}

/** What the promise gives, or undefined once the signal fires. A listener of its own each time, so that none pile up. */
async function unlessStopped<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  if (signal.aborted) return undefined;
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const stop = () => resolve(undefined);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
