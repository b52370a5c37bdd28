/**
 * A growing `.npy` file of equally sized uint8 records: shape [N, H, W], rows written in place, N in a header of fixed
 * length that is rewritten once the rows are on disk. numpy, torch and DuckDB can open it at any moment.
 *
 * Order    `writeRow` as often as wanted, then `publish(count)`: flushes the rows, then lets the header say so. Rows
 *          beyond the count may be in the file after a crash; they are overwritten by the next ones.
 * Source   numpy.lib.format, version 1.0; the header is padded to 128 bytes, so that the data is aligned.
 */

import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";

export const NPY_HEADER_BYTES = 128;

export class NpyFile {
  readonly #file: number;
  readonly #width: number;
  readonly #height: number;

  /** Opens or creates the file for writing; a new one has no rows. */
  constructor(path: string, width: number, height: number) {
    // "a" would ignore positions, "r+" does not create, "w+" empties: hence the two steps.
    closeSync(openSync(path, "a"));
    this.#file = openSync(path, "r+");
    this.#width = width;
    this.#height = height;
  }

  writeRow(row: number, pixels: Uint8Array): void {
    writeFully(this.#file, pixels, NPY_HEADER_BYTES + row * this.#width * this.#height);
  }

  /** Makes the first `count` rows durable and visible; rows that were never written are zeros. */
  publish(count: number): void {
    ftruncateSync(this.#file, NPY_HEADER_BYTES + count * this.#width * this.#height);
    fdatasyncSync(this.#file);
    writeFully(this.#file, npyHeader([count, this.#height, this.#width]), 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Reads one record of a file written by `NpyFile`. */
export function readNpyRow(path: string, row: number, sizeBytes: number): Uint8Array {
  const file = openSync(path, "r");
  const pixels = new Uint8Array(sizeBytes);
  readSync(file, pixels, 0, sizeBytes, NPY_HEADER_BYTES + row * sizeBytes);
  closeSync(file);
  return pixels;
}

function npyHeader(shape: readonly number[]): Uint8Array {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const header = new Uint8Array(NPY_HEADER_BYTES);
  header.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  new DataView(header.buffer).setUint16(8, NPY_HEADER_BYTES - 10, true);
  header.set(new TextEncoder().encode(`${text.padEnd(NPY_HEADER_BYTES - 11)}\n`), 10);
  return header;
}

/** `writeSync` may write less than asked when the disk is nearly full; only the next call says ENOSPC. */
function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}
