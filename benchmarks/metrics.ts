/**
 * HD95 and NSD of two masks of 512 x 512 x 200, ours and MONAI's.
 *
 * Inputs    an organ (an uneven ellipsoid against another one), a vessel tree's worth of thin shapes, and an organ that was
 *           missed by far; and, with `MEDSSL_BENCH_MASK` a NIfTI of a real mask, that one against itself moved and gnawed at.
 * Method    both take turns in processes of their own, masks in memory; medians over the turns, one thread each.
 * Ratios    of the time, and of the processors' (cpuRatio), which a busy machine disturbs less.
 * Check     both must give the same numbers: HD95 to 1e-4 mm, NSD to 1e-5.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { Contender } from "./contender.ts";
import { type MaskPairFile, writeMaskPairs } from "./metrics/masks.ts";
import { benchDir, metricsPython } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const ROUNDS = 5;
const TOLERANCE_MM = 2;

interface Turn {
  readonly value: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export async function run(): Promise<BenchmarkResult> {
  const python = metricsPython();
  mkdirSync(benchDir, { recursive: true });
  const sides = [Contender.ours("metrics/ours.ts"), Contender.theirs(python, "metrics/theirs.py")] as const;
  const rows: Record<string, string | number>[] = [];
  for (const pair of await writeMaskPairs(benchDir)) {
    for (const side of sides) await side.ask("prepare", { ...pair, toleranceMm: TOLERANCE_MM });
    for (const metric of ["hd95", "nsd"]) rows.push(await compare(pair, metric, sides));
  }
  for (const side of sides) await side.end();
  return { name: "metrics", rows };
}

async function compare({ name }: MaskPairFile, metric: string, [ours, theirs]: readonly [Contender, Contender]) {
  const turns: { own: Turn; other: Turn }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const turn = { own: await ours.ask<Turn>(metric), other: await theirs.ask<Turn>(metric) };
    const allowed = metric === "hd95" ? 1e-4 : 1e-5;
    const difference = Math.abs(turn.own.value - turn.other.value);
    assert.ok(difference < allowed, `${name}, ${metric}: ${turn.own.value} and ${turn.other.value}`);
    if (round > 0) turns.push(turn); // the first warms both up
  }
  const middle = (pick: (turn: { own: Turn; other: Turn }) => number) => median(turns.map(pick));
  return {
    masks: name,
    metric,
    value: Number(turns[0]!.own.value.toFixed(3)),
    "ours s": Number(middle(({ own }) => own.seconds).toFixed(3)),
    "MONAI s": Number(middle(({ other }) => other.seconds).toFixed(3)),
    ratio: Number(middle(({ own, other }) => own.seconds / other.seconds).toFixed(3)),
    cpuRatio: Number(middle(({ own, other }) => own.cpuSeconds / other.cpuSeconds).toFixed(3)),
  };
}
