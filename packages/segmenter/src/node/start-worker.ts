/**
 * The engine's thread in Node.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { StartWorker } from "../engine-thread.ts";

/** Modules that were compiled before, by any program of this Node, need not be again. */
const NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache");

export const startWorker: StartWorker = (onReply, onDeath) => {
  // Flags of the process, such as --input-type, need not suit a module.
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    execArgv: [],
    env: { NODE_COMPILE_CACHE, ...process.env },
  });
  worker.on("message", onReply);
  worker.on("messageerror", onDeath);
  worker.on("error", onDeath);
  worker.on("exit", (code) => onDeath(`exit code ${code}`));
  return {
    post: (request) => worker.postMessage(request),
    setBusy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    async terminate() {
      await worker.terminate();
    },
  };
};
