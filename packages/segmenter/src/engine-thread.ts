/**
 * The engine, asked from the page's or program's thread.
 *
 * Abort    a job is told to stop between two runs of the network; its promise fails at once.
 * Death    of the thread fails whatever is asked of it: `ERR_ENGINE_DIED`.
 * End      what was asked before `close` gets its answer, what is asked after it `ERR_SEGMENTER_DISPOSED`.
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
  /** Why nothing more can be asked. */
  #refusal: MedsslError | undefined;
  #end: Promise<void> | undefined;

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
    if (this.#refusal !== undefined) throw this.#refusal;
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

  /** Lets what is asked come to its end, then frees the model and ends the thread. Called again, it is the same end. */
  close(): Promise<void> {
    this.#end ??= this.#close();
    return this.#end;
  }

  async #close(): Promise<void> {
    if (this.#refusal === undefined) {
      const closed = this.ask("close", undefined);
      this.#refusal = disposedError();
      // A thread that has died meanwhile, or cannot free the model, is ended all the same.
      await closed.catch(() => {});
    }
    await this.terminate();
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    this.#refusal ??= disposedError();
    this.#fail(disposedError());
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
    const death = new MedsslError("ERR_ENGINE_DIED", `The thread that runs the model died (${reason})`, {
      hint: "It may have run out of memory: segment smaller images, or one at a time.",
      cause,
    });
    this.#refusal ??= death;
    this.#fail(death);
    // A browser's worker outlives its errors, with the model in its memory.
    void this.#worker.terminate();
  }

  #fail(error: MedsslError): void {
    for (const { reject } of this.#pending.values()) reject(error);
  }
}

const disposedError = () =>
  new MedsslError("ERR_SEGMENTER_DISPOSED", "segment: this segmenter was disposed of", { hint: "Load another one." });
