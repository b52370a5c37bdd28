/**
 * The engine's side of the two threads: one job after the other, in the order they come in; aborts at once.
 */
import { Engine, type Listener, type Platform } from "./engine.ts";
import { failureOf, type Reply, type Request } from "./messages.ts";

/** @param send To the other thread; the buffers are moved. @returns What is to be called with each message. */
export function serveEngine(
  platform: Platform,
  send: (reply: Reply, transfer: ArrayBuffer[]) => void,
): (request: Request) => void {
  const aborts = new Map<number, AbortController>();
  let last: Promise<void> = Promise.resolve();
  let engine: Engine | undefined;

  const handle = async (request: Exclude<Request, { kind: "abort" }>, listener: Listener): Promise<unknown> => {
    switch (request.kind) {
      case "open": {
        const opened = await Engine.open(platform, request.job, listener);
        engine = opened.engine;
        return opened.model;
      }
      case "segment":
        return await engine!.segment(request.job, listener);
      case "segmentSlices":
        return await engine!.segmentSlices(request.job, listener);
      case "run":
        return await engine!.run(request.job);
      case "close":
        return await engine?.close();
    }
  };

  return (request) => {
    const { id } = request;
    if (request.kind === "abort") {
      aborts.get(id)?.abort();
      return;
    }
    const abort = new AbortController();
    aborts.set(id, abort);
    const listener = {
      signal: abort.signal,
      onProgress: (done: number, total: number) => send({ id, done, total }, []),
    };
    last = last.then(async () => {
      try {
        abort.signal.throwIfAborted();
        const result = await handle(request, listener);
        send({ id, result }, buffersOf(result));
      } catch (error) {
        send({ id, failure: failureOf(error) }, []);
      } finally {
        aborts.delete(id);
      }
    });
  };
}

/** Those of the typed arrays in a result, each once. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength)
        buffers.add(value.buffer);
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  visit(result);
  return [...buffers];
}
