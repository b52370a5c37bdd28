/**
 * Archives into a store, ours with two worker threads and a Python script's with two processes.
 *
 * Inputs    see ingest/inputs.ts; in the page cache, as the first turn of each side is not counted.
 * Method    two programs that live long and take turns, each time into a new store; medians over the turns. What starts
 *           and ends the workers is counted, the programs' own start is not.
 * CPU       the seconds of all threads and processes, ours over theirs: what is left of the comparison on a busy machine.
 * Check     both must store as many pictures, and the same ones: the sums of their pixels differ by less than 1e-4.
 * Peer      ingest/theirs.py says what it does and what it does not.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Contender } from "./contender.ts";
import { type Input, ingestInputs } from "./ingest/inputs.ts";
import { benchDir, imagingPython } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const ROUNDS = 5;
const WORKERS = 2;

export async function run(): Promise<BenchmarkResult> {
  const python = imagingPython();
  const inputs = ingestInputs(python);
  const ours = Contender.ours("ingest/ours.ts");
  // numpy's own threads would only disturb two processes on two cores.
  const theirs = Contender.theirs(python, "ingest/theirs.py", { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" });
  try {
    const rows = [];
    for (const input of inputs) rows.push(await compare(input, ours, theirs));
    return { name: "ingest", rows };
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}

async function compare(input: Input, ours: Contender, theirs: Contender) {
  const sides = { ours, theirs };
  const seconds = { ours: [] as number[], theirs: [] as number[] };
  const cpuSeconds = { ours: [] as number[], theirs: [] as number[] };
  let numPictures = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const sums: number[] = [];
    const order = round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
    for (const name of order) {
      const turn = await ingestOnce(input, sides[name]);
      if (round > 0) {
        seconds[name].push(turn.seconds);
        cpuSeconds[name].push(turn.cpuSeconds);
      }
      numPictures = turn.stored;
      sums.push(turn.stored, turn.pixelSum);
    }
    const [count, sum, otherCount, otherSum] = sums as [number, number, number, number];
    assert.equal(count, otherCount, `${input.name}: different numbers of pictures`);
    assert.ok(Math.abs(sum / otherSum - 1) < 1e-4, `${input.name}: pixels sum up to ${sum} and ${otherSum}`);
  }
  const [own, other] = [median(seconds.ours), median(seconds.theirs)];
  const ratios = seconds.ours.map((turn, i) => turn / seconds.theirs[i]!);
  return {
    input: input.name,
    pictures: numPictures,
    "ours /s": Math.round(numPictures / own),
    "theirs /s": Math.round(numPictures / other),
    ratio: Number((own / other).toFixed(3)),
    "ratios from..to": `${Math.min(...ratios).toFixed(2)}..${Math.max(...ratios).toFixed(2)}`,
    "CPU ratio": Number((median(cpuSeconds.ours) / median(cpuSeconds.theirs)).toFixed(3)),
  };
}

interface Turn {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly stored: number;
  readonly quarantined: number;
}

/** Into a new store, which is removed once its catalog has been looked at. */
async function ingestOnce({ folder, recipe }: Input, side: Contender) {
  const store = join(benchDir, "ingest-store");
  rmSync(store, { recursive: true, force: true });
  const values = { source: folder, store, recipeName: recipe, workers: WORKERS };
  const turn = await side.ask<Turn>("ingest", values);
  assert.equal(turn.quarantined, 0);
  const catalog = new DatabaseSync(join(store, "catalog.sqlite"), { readOnly: true });
  const pixelSum = Number(catalog.prepare("SELECT total(pixel_sum) AS sum FROM cases").get()!["sum"]);
  catalog.close();
  rmSync(store, { recursive: true });
  return { ...turn, pixelSum };
}
