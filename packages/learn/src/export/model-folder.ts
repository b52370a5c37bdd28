/**
 * The folder of an exported model while it is made: under another name until it is whole.
 *
 * Names    `OUT.part` while it is written; an interrupted one is made anew by the next export. One that is replaced is
 *          `OUT.old-` and a random ending until the new one is in its place: a folder of the user's is never taken for it.
 * Errors   `ERR_EXPORT_EXISTS` where something is in the way.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { MedsslError, type ModelCard } from "@medssl/contract";

export class ModelFolder {
  readonly #out: string;
  readonly #isOverwriting: boolean;
  readonly #part: string;
  readonly #files: Record<string, ModelCard["files"][string]> = {};

  constructor(out: string, isOverwriting: boolean) {
    this.#out = resolve(out);
    this.#isOverwriting = isOverwriting;
    this.#part = `${this.#out}.part`;
    rmSync(this.#part, { recursive: true, force: true });
    mkdirSync(this.#part, { recursive: true });
  }

  /** What was written so far. */
  get files(): ModelCard["files"] {
    return this.#files;
  }

  pathOf(name: string): string {
    return join(this.#part, name);
  }

  /** @param name With "/" between folders. */
  write(name: string, bytes: Uint8Array): void {
    writeFile(this.pathOf(name), bytes);
    this.#files[name] = { sha256: sha256(bytes), bytes: bytes.length };
  }

  /** The card, and the folder's own name. @throws {MedsslError} `ERR_EXPORT_EXISTS` where something came there since */
  publish(card: ModelCard): void {
    writeFile(this.pathOf(CARD), `${JSON.stringify(card, undefined, 2)}\n`);
    checkOut(this.#out, this.#isOverwriting);
    const old = `${this.#out}.old-${randomUUID().slice(0, 8)}`;
    if (existsSync(this.#out)) renameSync(this.#out, old);
    renameSync(this.#part, this.#out);
    rmSync(old, { recursive: true, force: true });
  }

  /** Nothing is left of what was not published. */
  discard(): void {
    rmSync(this.#part, { recursive: true, force: true });
  }
}

const CARD = "model.json";

export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

function writeFile(path: string, content: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { flush: true });
  } catch (cause) {
    // What writing fails with has no path: a person could not tell which disk is full.
    throw cause instanceof Error ? Object.assign(cause, { path }) : cause;
  }
}

/**
 * Only an exported model is ever replaced, and an empty folder.
 *
 * @throws {MedsslError} `ERR_EXPORT_EXISTS`
 */
export function checkOut(out: string, isOverwriting: boolean): void {
  if (!existsSync(out)) return;
  const isModel = existsSync(join(out, CARD)) && readFileSync(join(out, CARD), "utf8").includes('"medssl-model"');
  if (!isModel && readdirSync(out).length === 0) return;
  if (isModel && isOverwriting) return;
  const what = isModel ? "an exported model" : "something that is no exported model";
  throw new MedsslError("ERR_EXPORT_EXISTS", `${out}: holds ${what} already`, {
    hint: isModel ? "Give another --out, or replace it by --overwrite." : "Give another --out.",
  });
}
