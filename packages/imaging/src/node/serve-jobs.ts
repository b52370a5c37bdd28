/**
 * The worker's side of a `WorkerPool`: one job after the other, in the order they come in.
 *
 * Errors   what the handler throws is sent as data, since an error's class does not survive the way between threads:
 *          a `MedsslError` by code, message and hint, anything else, a bug, by its stack.
 */

import { parentPort } from "node:worker_threads";
import { MedsslError } from "@medssl/contract";

/** What a worker sends: once that it is ready, then one answer a job. */
export type WorkerMessage<Result> = "ready" | Answer<Result>;

export type Answer<Result> = { readonly result: Result } | { readonly failure: Failure };

export type Failure =
  | { readonly code: string; readonly message: string; readonly hint: string | undefined }
  | { readonly bug: string; readonly stack: string | undefined };

/**
 * Answers every job that the pool sends; called once, at the top level of the worker's module.
 *
 * @param transferOf Buffers of a result that are moved instead of copied: those of typed arrays that own theirs.
 */
export function serveJobs<Job, Result>(
  handle: (job: Job) => Result | Promise<Result>,
  transferOf: (result: Result) => readonly ArrayBuffer[] = () => [],
): void {
  const port = parentPort!;
  const send = (message: WorkerMessage<Result>, transfer: readonly ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  let last: Promise<void> = Promise.resolve();
  port.on("message", (job: Job) => {
    last = last.then(async () => {
      try {
        const result = await handle(job);
        send({ result }, transferOf(result));
      } catch (error) {
        send({ failure: failureOf(error) });
      }
    });
  });
  send("ready");
}

function failureOf(error: unknown): Failure {
  if (error instanceof MedsslError) return { code: error.code, message: error.message, hint: error.hint };
  return error instanceof Error ? { bug: error.message, stack: error.stack } : { bug: String(error), stack: undefined };
}

/** The error that the worker caught, on the other side. */
export function errorOf(failure: Failure): Error {
  if ("code" in failure) {
    const { code, message, hint } = failure;
    return new MedsslError(code, message, hint === undefined ? {} : { hint });
  }
  const error = new Error(failure.bug);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
