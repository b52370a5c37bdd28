/**
 * A run's curves and pictures as TensorBoard reads them: `events.out.tfevents.<seconds>.<host>.<process>`.
 *
 * Records   TFRecord: the length, the data, and a masked CRC-32C of each. The first record tells the version, the second
 *           that a session starts, each further one is all that one call says of a step.
 * Resuming  a run that goes on starts a new file in the same folder. TensorBoard drops of the earlier files the steps from
 *           the new session's first on: what was done twice is shown once. A name is always later than the names that are
 *           there, whatever the clock says, since files are read in the order of their names.
 * Kills     a call writes its record at once; a kill leaves whole records, or one that TensorBoard stops at.
 * Left out  numbers that are not finite, which TensorBoard cannot draw.
 * Errors    those of the file system, with the path.
 * Source    tensorboard/compat/proto/event.proto and summary.proto; TFRecord as in TensorFlow's record_writer.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { appendToFile } from "@medssl/imaging";
import { bytesField, doubleField, floatField, varintField } from "../formats/protobuf.ts";
import { tfRecord } from "./tf-record.ts";

/** SessionLog.SessionStatus.START */
const SESSION_START = 1;

export class EventFile {
  readonly #dir: string;
  #path: string | undefined;

  /** @param dir Made where it is missing. Nothing is written before the first call. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Numbers of a step, by tag; `mim/loss` is shown in a group `mim`. */
  scalars(step: number, values: Readonly<Record<string, number>>, wallTimeMs: number = Date.now()): void {
    const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
    if (finite.length === 0) return;
    const summary = finite.map(([tag, value]) => bytesField(1, [bytesField(1, tag), floatField(2, value)]));
    this.#append(step, bytesField(5, summary), wallTimeMs);
  }

  /** A picture of a step. @param png The bytes of a PNG file. */
  image(step: number, tag: string, png: Uint8Array, wallTimeMs: number = Date.now()): void {
    const [width, height] = pngSize(png);
    const image = [varintField(1, height), varintField(2, width), bytesField(4, png)];
    this.#append(step, bytesField(5, [bytesField(1, [bytesField(1, tag), bytesField(4, image)])]), wallTimeMs);
  }

  #append(step: number, what: Uint8Array, wallTimeMs: number): void {
    const event = (content: readonly Uint8Array[]) =>
      tfRecord(Buffer.concat([doubleField(1, wallTimeMs / 1000), ...content]));
    const records = [event([varintField(2, step), what])];
    if (this.#path === undefined) {
      this.#path = nextPath(this.#dir, wallTimeMs);
      const start = bytesField(7, [varintField(1, SESSION_START)]);
      records.unshift(event([bytesField(3, "brain.Event:2")]), event([varintField(2, step), start]));
    }
    appendToFile(this.#path, Buffer.concat(records));
  }
}

function nextPath(dir: string, wallTimeMs: number): string {
  mkdirSync(dir, { recursive: true });
  const before = readdirSync(dir).map((name) => Number(/^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1] ?? 0));
  const seconds = Math.max(Math.floor(wallTimeMs / 1000), ...before.map((time) => time + 1));
  return join(dir, `events.out.tfevents.${String(seconds).padStart(10, "0")}.${hostname()}.${process.pid}`);
}

/** Width and height, from the header that every PNG begins with. */
function pngSize(png: Uint8Array): [width: number, height: number] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return [view.getUint32(16), view.getUint32(20)];
}
