/**
 * The engine, asked from the page's or program's thread.
 *
 * Abort    a job is told to stop between two runs of the network; its promise fails at once.
 * Death    of the thread fails whatever is asked of it: `ERR_ENGINE_DIED`.
 */
import { MedsslError } from "@medssl/contract";
import { errorOf, type Jobs, type Reply, type Request } from "./worker/messages.ts";

/** A worker of Node or of a browser. */
export interface WorkerThread {
  post(request: Request): void;
  /** While it is busy it keeps the program alive; else it does not. */
  setBusy(isBusy: boolean): void;
  terminate(): Promise<void>;
}

export type StartWorker = (onReply: (reply: Reply) => void, onDeath: (cause: unknown) => void) => WorkerThread;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onProgress: AskOptions["onProgress"];
}

export class EngineThread {
  readonly #worker: WorkerThread;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #death: MedsslError | undefined;

  constructor(start: StartWorker) {
    this.#worker = start(
      (reply) => this.#receive(reply),
      (cause) => this.#die(cause),
    );
    this.#worker.setBusy(false);
  }

  async ask<Kind extends keyof Jobs>(
    kind: Kind,
    job: Jobs[Kind]["job"],
    { signal, onProgress }: AskOptions = {},
  ): Promise<Jobs[Kind]["result"]> {
    signal?.throwIfAborted();
    if (this.#death !== undefined) throw this.#death;
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const stop = () => {
      this.#worker.post({ id, kind: "abort" });
      reject(signal!.reason);
    };
    this.#pending.set(id, { resolve, reject, onProgress });
    signal?.addEventListener("abort", stop);
    try {
      this.#worker.setBusy(true);
      this.#worker.post({ id, kind, job } as Request);
      return (await promise) as Jobs[Kind]["result"];
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#settle(id);
    }
  }

  /** Lets what is asked come to its end, then frees the model. */
  async close(): Promise<void> {
    if (this.#death === undefined) await this.ask("close", undefined);
    await this.terminate();
  }

  async terminate(): Promise<void> {
    this.#death ??= new MedsslError("ERR_SEGMENTER_DISPOSED", "segment: this segmenter was disposed of", {
      hint: "Load another one.",
    });
    for (const { reject } of this.#pending.values()) reject(this.#death);
    await this.#worker.terminate();
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if ("done" in reply) pending.onProgress?.(reply.done, reply.total);
    else if ("failure" in reply) pending.reject(errorOf(reply.failure));
    else pending.resolve(reply.result);
  }

  #settle(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.setBusy(false);
  }

  #die(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#death ??= new MedsslError("ERR_ENGINE_DIED", `The thread that runs the model died (${reason})`, {
      hint: "It may have run out of memory: segment smaller images, or one at a time.",
      cause,
    });
    for (const { reject } of this.#pending.values()) reject(this.#death);
  }
}
