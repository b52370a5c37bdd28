/**
 * What the page's thread needs of a browser.
 *
 * Worker   the module beside this one: `segmenter-worker.js` beside `segmenter.js` where it was built.
 */
import type { StartWorker } from "../engine-thread.ts";

/** Of a file or folder: an absolute URL. */
export function addressOf(source: string | URL): string {
  return new URL(source, globalThis.location.href).href;
}

export const startWorker: StartWorker = (onReply, onDeath) => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => onReply(data);
  worker.onmessageerror = onDeath;
  worker.onerror = ({ message }) => onDeath(message ?? "its script cannot be loaded");
  return {
    post: (request) => worker.postMessage(request),
    setBusy() {},
    async terminate() {
      worker.terminate();
    },
  };
};
