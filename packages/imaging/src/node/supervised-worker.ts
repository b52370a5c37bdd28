/**
 * One worker thread under supervision: it answers each job in time, or is ended and the job fails.
 *
 * Queue    two jobs at most: the one at work, and the next, so that the worker never waits for the pool's thread.
 * Time     a job's clock runs from its turn; that of the first one from the moment the module has been loaded.
 * Death    fails only the job at work; the next is handed back, but for one that gave its buffers away. A worker that dies before it is ready is a bug.
 * Errors   `ERR_TIME_LIMIT`, `ERR_WORKER_DIED`
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { MedsslError } from "@medssl/contract";
import { errorOf, type WorkerMessage } from "./serve-jobs.ts";

/** A job with its listeners. */
export interface Ticket<Job, Result> {
  readonly job: Job;
  /** Whom it is for; dropped once nobody waits any more. */
  readonly request: { readonly isDropped: boolean };
  /** What messages call it. */
  readonly name: string;
  readonly timeLimitMs: number;
  resolve(result: Result): void;
  reject(error: Error): void;
}

export interface WorkerSettings<Job> {
  readonly module: URL;
  readonly heapMb: number | undefined;
  readonly transferOf: ((job: Job) => readonly ArrayBuffer[]) | undefined;
}

export const QUEUE_LENGTH = 2;

/** Modules that were compiled before, by any program of this Node, need not be again: a third of the time to begin. */
const NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache");

export class SupervisedWorker<Job, Result> {
  readonly #settings: WorkerSettings<Job>;
  readonly #worker: Worker;
  readonly #queue: Ticket<Job, Result>[] = [];
  /** Called whenever there is room for a job, with the tickets handed back when the worker has ended. */
  readonly #onRoom: (handedBack: readonly Ticket<Job, Result>[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #isReady = false;
  #cause: unknown;
  isAlive = true;

  constructor(settings: WorkerSettings<Job>, onRoom: (handedBack: readonly Ticket<Job, Result>[]) => void) {
    this.#settings = settings;
    this.#onRoom = onRoom;
    const { module, heapMb } = settings;
    const resourceLimits = heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb };
    // Flags of the process, such as --input-type, need not suit a module.
    this.#worker = new Worker(module, { resourceLimits, execArgv: [], env: { NODE_COMPILE_CACHE, ...process.env } });
    this.#worker.on("message", (message: WorkerMessage<Result>) => this.#receive(message));
    this.#worker.on("messageerror", (error) => this.#end(error));
    this.#worker.on("error", (error) => {
      this.#cause = error;
    });
    this.#worker.on("exit", (code) => this.#end(this.#cause ?? `exit code ${code}`));
  }

  get numQueued(): number {
    return this.#queue.length;
  }

  send(ticket: Ticket<Job, Result>): void {
    try {
      this.#worker.postMessage(ticket.job, this.#settings.transferOf?.(ticket.job) ?? []);
    } catch (error) {
      // A job that is not plain data is its sender's mistake.
      ticket.reject(error as Error);
      return;
    }
    this.#queue.push(ticket);
    this.#worker.ref();
    if (this.#queue.length === 1) this.#startClock();
  }

  async terminate(): Promise<void> {
    this.isAlive = false;
    clearTimeout(this.#timer);
    await this.#worker.terminate();
  }

  #receive(message: WorkerMessage<Result>): void {
    if (!this.isAlive) return;
    if (message === "ready") {
      this.#isReady = true;
      this.#startClock();
      return;
    }
    const ticket = this.#queue.shift()!;
    if ("result" in message) ticket.resolve(message.result);
    else ticket.reject(errorOf(message.failure));
    this.#startClock();
    this.#onRoom([]);
  }

  #startClock(): void {
    clearTimeout(this.#timer);
    const ticket = this.#queue[0];
    // An idle worker keeps no process alive.
    if (ticket === undefined) this.#worker.unref();
    if (ticket === undefined || !this.#isReady) return;
    // An answer that waits while this thread was busy is read before setImmediate's turn.
    this.#timer = setTimeout(() => setImmediate(() => this.#expire(ticket)), ticket.timeLimitMs);
  }

  #expire(ticket: Ticket<Job, Result>): void {
    if (!this.isAlive || this.#queue[0] !== ticket) return;
    const seconds = ticket.timeLimitMs / 1000;
    this.#fail(
      new MedsslError("ERR_TIME_LIMIT", `${ticket.name}: not read within ${seconds} s`, {
        hint: "It may be damaged: open it in another program.",
      }),
    );
  }

  #end(cause: unknown): void {
    if (!this.isAlive) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#fail(
      this.#isReady
        ? new MedsslError("ERR_WORKER_DIED", `${this.#queue[0]?.name}: the thread that read it died (${reason})`, {
            hint: "It may be damaged, or too large for this machine's memory.",
            cause,
          })
        : new Error(`${this.#settings.module}: the worker did not start (${reason})`, { cause }),
    );
  }

  #fail(error: Error): void {
    const [failed, ...others] = this.#queue.splice(0);
    this.terminate();
    failed?.reject(error);
    const isGone = this.#settings.transferOf !== undefined;
    if (isGone) for (const other of others) other.reject(error);
    this.#onRoom(isGone ? [] : others);
  }
}
