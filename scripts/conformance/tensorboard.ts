/**
 * TensorBoard reads our event files: the same steps, numbers and pictures, of runs that were killed and resumed too.
 *
 * Killed    the file is cut off at every 97th byte; the run then goes on, in a file of its own, from a checkpoint some steps
 *           before. What comes after the cut's last whole record is lost, no step is missing, none is there twice.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePng } from "@medssl/imaging";
import { EventFile } from "@medssl/learn";
import type { ConformanceResult } from "./run.ts";

/** By tag, each event's numbers: step and value, or step, width, height and bytes in hexadecimal. */
type Events = Readonly<Record<string, readonly (readonly (number | string)[])[]>>;

interface Found {
  readonly scalars: Events;
  readonly images: Events;
}

const STEPS = 60;
const KILLED_EVERY_BYTES = 97;

/** A number that float32 holds, so that it comes back exactly. */
const lossOf = (step: number, session: number) => Math.fround(Math.exp(-step / 20) + 10 * session);

export async function run(): Promise<ConformanceResult> {
  const folder = mkdtempSync(join(tmpdir(), "medssl-conformance-"));
  try {
    const [whole, picture] = [join(folder, "whole"), join(folder, "picture.png")];
    const data = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
    await writePng(picture, { width: 4, height: 3, channels: 1, data });
    const events = new EventFile(whole);
    writeLosses(events, 1, 0);
    events.image(STEPS, "reconstructions", readFileSync(picture));
    const path = join(whole, readdirSync(whole)[0]!);
    const sizeBytes = statSync(path).size;
    const killed = Array.from({ length: Math.floor(sizeBytes / KILLED_EVERY_BYTES) }, (_, i) => {
      const firstStep = Math.max(1, Math.floor((50 * KILLED_EVERY_BYTES * i) / sizeBytes) - 3);
      return { dir: killAndResume(path, join(folder, `killed-${i}`), KILLED_EVERY_BYTES * i, firstStep), firstStep };
    });
    const [inWhole, ...inKilled] = read([whole, ...killed.map(({ dir }) => dir)]);
    const images = { reconstructions: [[STEPS, 4, 3, readFileSync(picture).toString("hex")]] };
    return summary({
      "steps and numbers": hasLosses(inWhole!, () => 0),
      "a picture, to the byte": JSON.stringify(inWhole!.images) === JSON.stringify(images),
      [`${killed.length} runs that were killed and resumed`]: killed.every(({ firstStep }, i) =>
        hasLosses(inKilled[i]!, (step) => (step < firstStep ? 0 : 1)),
      ),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeLosses(events: EventFile, firstStep: number, session: number): void {
  for (let step = firstStep; step <= STEPS; step++) {
    events.scalars(step, { loss: lossOf(step, session), skipped: Number.NaN });
  }
}

function killAndResume(path: string, dir: string, sizeBytes: number, firstStep: number): string {
  mkdirSync(dir);
  const copy = join(dir, path.slice(path.lastIndexOf("/") + 1));
  copyFileSync(path, copy);
  truncateSync(copy, sizeBytes);
  writeLosses(new EventFile(dir), firstStep, 1);
  return dir;
}

function read(folders: readonly string[]): Found[] {
  const script = join(import.meta.dirname, "tensorboard.py");
  return JSON.parse(execFileSync("python3", [script, ...folders], { encoding: "utf8", maxBuffer: 1e8 }));
}

/** Whether there is the loss alone, every step once, in order, with the number of the session that it should be of. */
function hasLosses(found: Found, sessionOf: (step: number) => number): boolean {
  const loss = Array.from({ length: STEPS }, (_, i) => [i + 1, lossOf(i + 1, sessionOf(i + 1))]);
  return JSON.stringify(found.scalars) === JSON.stringify({ loss });
}

function summary(checks: Readonly<Record<string, boolean>>): ConformanceResult {
  const entries = Object.entries(checks);
  return {
    name: "tensorboard",
    rows: entries.map(([check, isSame]) => ({ check, same: isSame ? "yes" : "no" })),
    exceptions: entries.flatMap(([check, isSame]) => (isSame ? [] : [check])),
  };
}
