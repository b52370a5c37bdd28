/**
 * Requests to a DICOMweb service: with the login, within time limits, and again where that may help.
 *
 * Again      with pauses that double, 0.5 to 8 s and half as much by chance, or as long as the archive asks for.
 * Limits     on the time until an answer begins, longer for what is sent, on the time between two pieces of it, and on what
 *            has come of it and waits to be read.
 * Redirects  are refused: they would take the login, or the images of patients, to another place than the one given.
 * Browser    nothing of Node's: `fetch` and streams. What TLS trusts is the platform's business.
 */

import type { RunListener } from "@medssl/contract";
import { networkFailure, PacsFailure, statusFailure, timeout, tooFarAhead } from "./pacs-failure.ts";

export interface PacsConnectionOptions {
  /** Value of the Authorization header; asked for at every request, so that a token may be renewed. */
  readonly authorization?: (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Tries of one request. @default 5 */
  readonly attempts?: number;
  /** Pause before the second try; the next ones are twice as long each. @default 500 */
  readonly firstPauseMs?: number;
  /** Until an answer begins. @default 60 000 */
  readonly answerTimeoutMs?: number;
  /** Between two pieces of an answer. @default 30 000 */
  readonly idleTimeoutMs?: number;
  /** Bytes of an answer that may have come and wait to be read; at more, the answer is left. @default 256 MiB */
  readonly maxWaitingBytes?: number;
  /** Told of every further try. */
  readonly listen?: RunListener;
}

export interface PacsRequest {
  /** Below the service's address: "/studies". */
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Blob;
  /** Statuses beside 2xx whose answer is wanted. */
  readonly alsoTakes?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface PacsAnswer {
  /** Method and address, for messages. */
  readonly request: string;
  /** Its status and headers; the body is in `chunks`. */
  readonly response: Response;
  readonly contentType: string;
  /** To be read to its end, or left: either frees the connection. */
  readonly chunks: AsyncGenerator<Uint8Array>;
}

const LONGEST_PAUSE_MS = 8000;
/** An archive that wants to be left alone for longer is told to the user at once. */
const LONGEST_WAIT_MS = 60_000;
/** The slowest line that a body is sent over: 128 kB/s. */
const SENT_BYTES_PER_MS = 128;
const MAX_TEXT_BYTES = 2 ** 12;

export class PacsConnection {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly #options: PacsConnectionOptions;

  constructor(baseUrl: string, options: PacsConnectionOptions = {}) {
    this.baseUrl = baseUrl;
    this.#options = options;
  }

  /** Sends a request until an answer has begun, and hands it over; a break in it is the reader's to mend. */
  async open(request: PacsRequest): Promise<PacsAnswer> {
    return await this.#again(() => this.#send(request), request);
  }

  /** Sends a request until its answer has been read. */
  async ask<Result>(request: PacsRequest, read: (answer: PacsAnswer) => Promise<Result>): Promise<Result> {
    return await this.#again(async () => await read(await this.#send(request)), request);
  }

  async #again<Result>(attempt: () => Promise<Result>, { signal }: PacsRequest): Promise<Result> {
    const { attempts = 5, firstPauseMs = 500, listen } = this.#options;
    const beganMs = Date.now();
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof PacsFailure) || !error.isTransient) throw error;
        const usual = Math.min(firstPauseMs * 2 ** (tries - 1), LONGEST_PAUSE_MS) * (1 + Math.random() / 2);
        const pauseMs = error.pauseMs ?? usual;
        if (tries >= attempts || pauseMs > LONGEST_WAIT_MS) {
          throw pauseMs > LONGEST_WAIT_MS ? comeBackLater(error, pauseMs) : triedOften(error, tries, beganMs);
        }
        const message = `${error.message}; try ${tries + 1} of ${attempts} in ${(pauseMs / 1000).toFixed(1)} s`;
        listen?.({ type: "note", level: "warning", message });
        await pause(pauseMs, signal);
      }
    }
  }

  async #send({
    path,
    query,
    method = "GET",
    headers,
    body,
    alsoTakes = [],
    signal,
  }: PacsRequest): Promise<PacsAnswer> {
    signal?.throwIfAborted();
    // The query may name a patient: messages do without it.
    const request = `${method} ${this.baseUrl}${path}`;
    const {
      answerTimeoutMs = 60_000,
      idleTimeoutMs = 30_000,
      maxWaitingBytes = 2 ** 28,
      authorization,
    } = this.#options;
    const login = await authorization?.();
    const stop = new AbortController();
    const limitMs = answerTimeoutMs + (body?.size ?? 0) / SENT_BYTES_PER_MS;
    const late = timeout(request, "no answer", Math.round(limitMs / 1000));
    const response = await within(limitMs, stop, late, async () => {
      return await fetch(this.baseUrl + path + (query === undefined ? "" : `?${query}`), {
        method,
        headers: { ...headers, ...(login === undefined ? {} : { authorization: login }) },
        redirect: "manual",
        signal: signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]),
        ...(body === undefined ? {} : { body }),
      });
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error instanceof PacsFailure ? error : networkFailure(request, error);
    });
    const chunks = chunksOf(response, request, { stop, idleTimeoutMs, maxWaitingBytes, signal });
    if (response.ok || alsoTakes.includes(response.status)) {
      return { request, response, contentType: response.headers.get("content-type") ?? "", chunks };
    }
    throw statusFailure(request, response, await beginningOf(chunks), login !== undefined);
  }
}

/** The user and password of Basic authentication. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
}

interface ReadingOptions {
  readonly stop: AbortController;
  readonly idleTimeoutMs: number;
  readonly maxWaitingBytes: number;
  readonly signal: AbortSignal | undefined;
}

async function* chunksOf(
  { body }: Response,
  request: string,
  { stop, idleTimeoutMs, maxWaitingBytes, signal }: ReadingOptions,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const read = readAhead(body.getReader() as BodyReader, maxWaitingBytes, () => {
    const left = tooFarAhead(request, maxWaitingBytes);
    stop.abort(left);
    return left;
  });
  const late = timeout(request, "nothing more of the answer came", Math.round(idleTimeoutMs / 1000));
  try {
    for (;;) {
      const { done, value } = await within(idleTimeoutMs, stop, late, read);
      if (done) return;
      yield value;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof PacsFailure ? error : networkFailure(request, error);
  } finally {
    // Frees the connection where the answer was left before its end.
    stop.abort();
  }
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Takes what comes as fast as it comes. Node 24's fetch ends the whole process where the other end closes the connection while
 * some of its answer waits to be read (nodejs/undici issue 5360), as Orthanc does behind every answer: so that an answer which
 * comes faster than it is read cannot be slowed down, and is left before it fills the memory. What came until then is still read.
 *
 * @param leave Ends the connection; its answer is thrown behind the last piece.
 */
function readAhead(
  reader: Pick<BodyReader, "read">,
  maxWaitingBytes: number,
  leave: () => PacsFailure,
): BodyReader["read"] {
  const come: Awaited<ReturnType<BodyReader["read"]>>[] = [];
  let numWaiting = 0;
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  const take = async () => {
    for (let isOver = false; !isOver; wake()) {
      const next = await reader.read();
      come.push(next);
      numWaiting += next.value?.length ?? 0;
      // At once: not one tick may pass in which nobody reads.
      if (numWaiting > maxWaitingBytes) throw leave();
      isOver = next.done;
    }
  };
  take().catch((error: unknown) => {
    failure = { error };
    wake();
  });
  return async () => {
    while (come.length === 0) {
      if (failure !== undefined) throw failure.error;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const next = come.shift()!;
    numWaiting -= next.value?.length ?? 0;
    return next;
  };
}

/** What `work` brings, or `late` when it takes longer. */
async function within<Result>(
  limitMs: number,
  stop: AbortController,
  late: PacsFailure,
  work: () => Promise<Result>,
): Promise<Result> {
  const timer = setTimeout(() => stop.abort(late), limitMs);
  try {
    return await work();
  } catch (error) {
    throw stop.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
  }
}

async function beginningOf(chunks: AsyncGenerator<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of chunks) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_TEXT_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  return text;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function triedOften({ code, message, hint, cause }: PacsFailure, tries: number, beganMs: number): PacsFailure {
  const seconds = ((Date.now() - beganMs) / 1000).toFixed(0);
  const often = tries === 1 ? "tried once" : `tried ${tries} times in ${seconds} s`;
  return new PacsFailure(code, `${message}; ${often}`, { ...(hint === undefined ? {} : { hint }), cause });
}

function comeBackLater({ code, message, cause }: PacsFailure, pauseMs: number): PacsFailure {
  const hint = `It asks to be left alone for ${Math.ceil(pauseMs / 1000)} s. Run the same command again then.`;
  return new PacsFailure(code, message, { hint, cause });
}
