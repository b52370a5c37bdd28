/**
 * Archives into a store, ours with two worker threads and a Python script's with two processes.
 *
 * Inputs    see ingest/inputs.ts; in the page cache, as the first turn of each side is not counted.
 * Method    both take turns, each time into a new store; medians over the turns. A turn is a program from its start to its
 *           end, as one calls it; nothing is waiting in memory.
 * CPU       the seconds of all threads and processes, ours over theirs: what is left of the comparison on a busy machine.
 * Check     both must store as many pictures, and the same ones: the sums of their pixels differ by less than 1e-4.
 * Peer      ingest/theirs.py says what it does and what it does not.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Input, ingestInputs } from "./ingest/inputs.ts";
import { benchDir, imagingPython } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const ROUNDS = 5;
const WORKERS = 2;

export async function run(): Promise<BenchmarkResult> {
  const python = imagingPython();
  const script = (name: string) => fileURLToPath(new URL(`ingest/${name}`, import.meta.url));
  const commands = { ours: [process.execPath, script("ours.ts")], theirs: [python, script("theirs.py")] } as const;
  return { name: "ingest", rows: ingestInputs(python).map((input) => compare(input, commands)) };
}

type Command = readonly [program: string, script: string];

function compare(input: Input, commands: Readonly<Record<"ours" | "theirs", Command>>) {
  const seconds = { ours: [] as number[], theirs: [] as number[] };
  const cpuSeconds = { ours: [] as number[], theirs: [] as number[] };
  let numPictures = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const sums: number[] = [];
    const order = round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
    for (const name of order) {
      const turn = ingestOnce(input, commands[name]);
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

/** Into a new store, which is removed once its catalog has been looked at. */
function ingestOnce({ folder, recipe }: Input, [program, script]: Command) {
  const store = join(benchDir, "ingest-store");
  rmSync(store, { recursive: true, force: true });
  // numpy's own threads would only disturb two processes on two cores.
  const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const began = performance.now();
  const output = execFileSync(program, [script, folder, store, recipe, String(WORKERS)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  const seconds = (performance.now() - began) / 1e3;
  const { stored, quarantined, cpuSeconds } = JSON.parse(output);
  assert.equal(quarantined, 0);
  const catalog = new DatabaseSync(join(store, "catalog.sqlite"), { readOnly: true });
  const pixelSum = Number(catalog.prepare("SELECT total(pixel_sum) AS sum FROM cases").get()!["sum"]);
  catalog.close();
  rmSync(store, { recursive: true });
  return { seconds, cpuSeconds: Number(cpuSeconds), stored: Number(stored), pixelSum };
}
