/**
 * A growing `.npy` file of equally sized records: shape [N, H, W], rows written in place, N in a header of fixed length
 * that is rewritten once the rows are on disk. numpy, torch and DuckDB can open it at any moment.
 *
 * Types    uint8, or int16 little-endian as every machine this runs on has it.
 * Order    `writeRow` as often as wanted, then `publish(count)`: flushes the rows, then lets the header say so. Rows
 *          beyond the count may be in the file after a crash; they are overwritten by the next ones.
 * Source   numpy.lib.format, version 1.0; the header is padded to 128 bytes, so that the data is aligned.
 */

import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";

export const NPY_HEADER_BYTES = 128;

export type Pixels = Uint8Array | Int16Array;

/** What one record is. */
export interface NpyRecord {
  readonly width: number;
  readonly height: number;
  readonly dtype: "uint8" | "int16";
}

export const recordBytes = ({ width, height, dtype }: NpyRecord): number =>
  width * height * (dtype === "int16" ? 2 : 1);

export class NpyFile {
  readonly #file: number;
  readonly #record: NpyRecord;

  /** Opens or creates the file for writing; a new one has no rows. */
  constructor(path: string, record: NpyRecord) {
    // "a" would ignore positions, "r+" does not create, "w+" empties: hence the two steps.
    closeSync(openSync(path, "a"));
    this.#file = openSync(path, "r+");
    this.#record = record;
  }

  writeRow(row: number, pixels: Pixels): void {
    const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    writeFully(this.#file, bytes, NPY_HEADER_BYTES + row * recordBytes(this.#record));
  }

  /** Makes the first `count` rows durable and visible; rows that were never written are zeros. */
  publish(count: number): void {
    ftruncateSync(this.#file, NPY_HEADER_BYTES + count * recordBytes(this.#record));
    fdatasyncSync(this.#file);
    writeFully(this.#file, npyHeader(this.#record, count), 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Reads one record of a file written by `NpyFile`. */
export function readNpyRow(path: string, row: number, record: NpyRecord): Pixels {
  const file = openSync(path, "r");
  const bytes = new Uint8Array(recordBytes(record));
  readSync(file, bytes, 0, bytes.length, NPY_HEADER_BYTES + row * bytes.length);
  closeSync(file);
  return record.dtype === "int16" ? new Int16Array(bytes.buffer) : bytes;
}

function npyHeader({ width, height, dtype }: NpyRecord, count: number): Uint8Array {
  const descr = dtype === "int16" ? "<i2" : "|u1";
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${count}, ${height}, ${width}), }`;
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
