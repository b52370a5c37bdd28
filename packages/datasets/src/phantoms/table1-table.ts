/**
 * A table of an archive, written row by row while its pictures are planned: nothing of it stays in memory.
 *
 * Form     CSV with a heading; fields that hold commas or quotes are quoted. Names that end in `.gz` are packed.
 */

import { createWriteStream } from "node:fs";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";

export type Field = string | number;

export class Table {
  readonly #input: Gzip | PassThrough;
  readonly #written: Promise<void>;

  constructor(path: string, columns: readonly string[]) {
    this.#input = path.endsWith(".gz") ? createGzip() : new PassThrough();
    this.#written = pipeline(this.#input, createWriteStream(path));
    // A failure is thrown by close(); until then it is not unhandled.
    this.#written.catch(() => {});
    this.add(columns);
  }

  add(fields: readonly Field[]): void {
    this.#input.write(`${fields.map(quoted).join(",")}\n`);
  }

  async close(): Promise<void> {
    this.#input.end();
    await this.#written;
  }
}

function quoted(field: Field): string {
  const text = String(field);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
