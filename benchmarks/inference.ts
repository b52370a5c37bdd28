/**
 * A picture segmented in overlapping tiles with Gaussian weights, ours and MONAI's `sliding_window_inference`: the same
 * network and weights, tile and overlap; probabilities in the end.
 *
 * Check    before anything is timed both must give the same probabilities, to 1e-4.
 * Ratio    of the time, the median over pairs of turns, with the middle half of them.
 * Peer     in the memory format and with the number of tiles at once that are fastest for it here; the table names them.
 * Threads  one: what the machine's other work takes from one of two threads, both wait for.
 * Memory   largest resident size of each process, the runtimes of Python and Node included.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Contender } from "./contender.ts";
import type { WindowSettings } from "./inference/settings.ts";
import { benchDir, monaiPython } from "./peers.ts";
import { takeTurns, timingColumns } from "./pretrain/turns.ts";
import type { BenchmarkResult } from "./run.ts";
import { fixed } from "./statistics.ts";

const encoder = { patch: 16, dim: 192, depth: 6, heads: 3 };
const common = { encoder, threads: 1, overlap: 0.5, stateFile: join(benchDir, "inference.safetensors") } as const;

/** Tiles lie at the same places on both sides where the step divides what is left of the picture: so here. */
const cases: readonly (WindowSettings & { readonly rounds: number })[] = [
  { ...common, head: "hybrid", numClasses: 1, shape: [512, 512], tile: 128, rounds: 9 },
  { ...common, head: "unet", numClasses: 1, shape: [512, 512], tile: 128, rounds: 9 },
  { ...common, head: "unet", numClasses: 13, shape: [512, 512], tile: 256, rounds: 5 },
];

export async function run(): Promise<BenchmarkResult> {
  const python = monaiPython();
  mkdirSync(benchDir, { recursive: true });
  const rows: Record<string, string | number>[] = [];
  for (const settings of cases) {
    rows.push(await compare(python, settings));
  }
  return { name: "inference", rows };
}

async function compare(python: string, { rounds, ...settings }: WindowSettings & { readonly rounds: number }) {
  const ours = Contender.ours("inference/ours.ts");
  const theirs = Contender.theirs(python, "peers/sliding_window.py");
  try {
    await ours.ask("prepare", { ...settings });
    const { manner } = await theirs.ask<{ manner: string }>("prepare", { ...settings });
    const samples = (side: Contender) => side.ask<{ values: number[] }>("samples", { every: 997 });
    const [own, other] = [await samples(ours), await samples(theirs)];
    const difference = Math.max(...own.values.map((value, i) => Math.abs(value - other.values[i]!)));
    assert.ok(own.values.length === other.values.length && difference < 1e-4, `probabilities differ by ${difference}`);
    const turn = (side: Contender) => () => side.ask<{ seconds: number; cpuSeconds: number }>("steps", { count: 1 });
    const turns = { rounds, stepsInATurn: 1 };
    const timing = await takeTurns(turns, turn(ours), turn(theirs));
    const memory = async (side: Contender) => (await side.ask<{ bytes: number }>("memory")).bytes;
    const [ourBytes, theirBytes] = [await memory(ours), await memory(theirs)];
    const { head, shape, tile, numClasses } = settings;
    return {
      network: head,
      picture: shape.join("x"),
      tile,
      classes: numClasses,
      peer: manner,
      ...timingColumns(timing),
      "ours MB": fixed(ourBytes / 1e6, 0),
      "theirs MB": fixed(theirBytes / 1e6, 0),
      memRatio: fixed(ourBytes / theirBytes, 3),
      "largest difference": difference.toExponential(1),
    };
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}
