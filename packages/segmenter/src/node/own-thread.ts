/** What the caller's thread needs of Node. */
export { addressOf } from "./address.ts";
export { startWorker } from "./start-worker.ts";
