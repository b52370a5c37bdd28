/**
 * The parts of a multipart answer, each handed on as soon as it is whole.
 *
 * Memory     one part, held twice while it is put together.
 * Tolerant   the boundary with quotes or without, any order of the type's parameters, lines that end in LF alone, blanks
 *            behind a boundary, text before the first and after the last, parts without headers.
 * Strict     a stream that ends before the closing boundary has broken off. Its last part is handed on only where a
 *            length that the server gave says that it is whole.
 * Errors     `ERR_PACS_ANSWER` where it is no multipart, `ERR_PACS_BROKEN_OFF`, `ERR_PACS_TOO_LARGE`.
 * Source     RFC 2046 section 5.1, RFC 2387, PS3.18 section 8.6; the search: Horspool (1980).
 */

import { MedsslError } from "@medssl/contract";
import { joinBytes } from "../dicom/bytes.ts";
import { PacsFailure } from "./pacs-failure.ts";

export interface Part {
  /** By name in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** More than any instance; what never ends is not kept. */
const MAX_PART_BYTES = 2 ** 31;
const MAX_HEADER_BYTES = 2 ** 16;
const MAX_BLANKS = 256;
const [TAB, LF, CR, SPACE, DASH] = [0x09, 0x0a, 0x0d, 0x20, 0x2d];

/** A parameter of a content type, such as `boundary`, without its quotes. */
export function parameterOf(contentType: string, name: string): string | undefined {
  const parameters = contentType.matchAll(/;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g);
  for (const [, key = "", quoted, plain] of parameters) {
    if (key.toLowerCase() === name) return quoted?.replace(/\\(.)/g, "$1") ?? plain;
  }
  return undefined;
}

/**
 * @param name What messages call the answer.
 * @throws {MedsslError} `ERR_PACS_ANSWER`, `ERR_PACS_BROKEN_OFF`, `ERR_PACS_TOO_LARGE`
 */
export async function* multipartParts(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
  name: string,
): AsyncGenerator<Part> {
  const boundary = parameterOf(contentType, "boundary");
  if (!/^\s*multipart\//i.test(contentType) || !boundary) {
    throw new MedsslError(
      "ERR_PACS_ANSWER",
      `${name}: expected multipart/related with a boundary, got "${contentType}"`,
      {
        hint: "Is this the address of the DICOMweb service itself, and not that of a viewer or a login page?",
      },
    );
  }
  const search = new BoundarySearch(boundary);
  // A boundary stands behind a line end; the first one does when there is one in front of everything.
  let window: Uint8Array = Uint8Array.of(LF);
  /** Of the part that is being read: all that is certainly its own. Undefined before the first boundary. */
  let held: Uint8Array[] | undefined;
  let numHeld = 0;
  let lineEnd = 0;
  for await (const chunk of chunks) {
    window = joinBytes([window, chunk]);
    for (;;) {
      const found = search.next(window, lineEnd);
      if ("numSettled" in found) {
        numHeld += found.numSettled;
        if (numHeld > MAX_PART_BYTES) throw tooLarge(name);
        held?.push(window.subarray(0, found.numSettled));
        window = window.slice(found.numSettled);
        break;
      }
      if (held !== undefined) yield partOf(joinBytes([...held, window.subarray(0, found.start)]), name);
      if (found.isLast) return;
      held = [];
      numHeld = 0;
      lineEnd = found.lineEnd;
      window = window.subarray(found.end);
    }
  }
  const last = held && wholePart(joinBytes([...held, window]), name);
  if (last === undefined) {
    throw new PacsFailure("ERR_PACS_BROKEN_OFF", `${name}: the answer broke off before its end`, { isTransient: true });
  }
  yield last;
}

interface Boundary {
  /** Where the part before it ends, and where the next one begins. */
  readonly start: number;
  readonly end: number;
  readonly isLast: boolean;
  /** How many bytes the boundary's own line end has: 2 with CR. */
  readonly lineEnd: number;
}

/** Finds LF, two dashes and the boundary, then blanks and a line end, or two dashes more. */
class BoundarySearch {
  readonly #pattern: Uint8Array;
  /** By a byte under the pattern's end, how far the pattern may be moved on. */
  readonly #skips: Uint16Array;

  constructor(boundary: string) {
    this.#pattern = new TextEncoder().encode(`\n--${boundary}`);
    const last = this.#pattern.length - 1;
    this.#skips = new Uint16Array(256).fill(last + 1);
    for (let i = 0; i < last; i++) this.#skips[this.#pattern[i]!] = last - i;
  }

  /**
   * The next boundary, or how many bytes are certainly none of one.
   *
   * @param lineEnd Of the boundary before: whether a CR in front of the next one belongs to it.
   */
  next(window: Uint8Array, lineEnd: number): Boundary | { readonly numSettled: number } {
    const length = this.#pattern.length;
    let at = 0;
    while (at + length <= window.length) {
      const skip = this.#skips[window[at + length - 1]!]!;
      if (!this.#standsAt(window, at)) {
        at += skip;
        continue;
      }
      const start = lineEnd === 2 && window[at - 1] === CR ? at - 1 : at;
      const end = endOfLine(window, at + length);
      if (end === "unknown") return { numSettled: start };
      if (end !== "none") return { start, ...end };
      at += skip;
    }
    return { numSettled: Math.max(Math.min(at, window.length) - 1, 0) };
  }

  #standsAt(window: Uint8Array, at: number): boolean {
    for (let i = this.#pattern.length - 1; i >= 0; i--) if (window[at + i] !== this.#pattern[i]) return false;
    return true;
  }
}

/** What follows the name of a boundary; "none" where it was the beginning of another text. */
function endOfLine(window: Uint8Array, from: number): Omit<Boundary, "start"> | "none" | "unknown" {
  if (window[from] === DASH && window[from + 1] === DASH) return { end: from + 2, isLast: true, lineEnd: 0 };
  if (window[from] === DASH) return from + 1 < window.length ? "none" : "unknown";
  let at = from;
  while (at < from + MAX_BLANKS && (window[at] === SPACE || window[at] === TAB)) at++;
  if (window[at] === LF) return { end: at + 1, isLast: false, lineEnd: 1 };
  if (window[at] === CR && window[at + 1] === LF) return { end: at + 2, isLast: false, lineEnd: 2 };
  const isAtEnd = at >= window.length || (window[at] === CR && at + 1 >= window.length);
  return isAtEnd ? "unknown" : "none";
}

/** Headers, an empty line, the body. */
function partOf(bytes: Uint8Array, name: string): Part {
  const headers = new Map<string, string>();
  let start = 0;
  while (start < Math.min(bytes.length, MAX_HEADER_BYTES)) {
    const end = bytes.indexOf(LF, start);
    if (end < 0) break;
    const line = new TextDecoder("latin1").decode(bytes.subarray(start, end)).trim();
    start = end + 1;
    if (line === "") return { headers, body: bytes.subarray(start) };
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  throw new MedsslError("ERR_PACS_ANSWER", `${name}: expected headers and an empty line in each part, got none`);
}

/** The last part of an answer without a closing boundary, where its own length says that nothing is missing. */
function wholePart(bytes: Uint8Array, name: string): Part | undefined {
  if (bytes.length === 0) return undefined;
  let part: Part;
  try {
    part = partOf(bytes, name);
  } catch {
    return undefined;
  }
  const length = Number(part.headers.get("content-length") ?? Number.NaN);
  return part.body.length >= length ? { ...part, body: part.body.subarray(0, length) } : undefined;
}

function tooLarge(name: string): MedsslError {
  return new MedsslError("ERR_PACS_TOO_LARGE", `${name}: expected instances of at most 2 GiB, got a larger one`);
}
