/**
 * One step of masked image modelling, ours and PyTorch eager's: the same weights, images, masks and mathematics.
 *
 * Setting   ViT 192 x 12 with 3 heads, decoder 128 x 4 with 4 heads, 224 px, patch 16, 75% removed, batch 16, fused AdamW.
 * Method    two processes that live long and take turns, a few steps each; the ratio is the median over the pairs, so
 *           that the machine's other work falls on both.
 * Check     before anything is timed both must give the same losses over three steps.
 * Memory    largest resident size of each process, the runtimes of Python and Node included.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Contender } from "./contender.ts";
import { benchDir, peerPython } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

export interface StepSettings {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly encoder: { readonly embedDim: number; readonly depth: number; readonly numHeads: number };
  readonly decoder: { readonly embedDim: number; readonly depth: number; readonly numHeads: number };
  readonly maskRatio: number;
  readonly varianceFloor: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly threads: number;
  readonly precision: "float32" | "bfloat16";
  /** Weights and inputs that both start from. */
  readonly stateFile: string;
}

const ROUNDS = 12;
const STEPS_A_TURN = 3;

export async function run(): Promise<BenchmarkResult> {
  const python = peerPython();
  mkdirSync(benchDir, { recursive: true });
  return { name: "step", rows: [await compare(python, "float32"), await compare(python, "bfloat16")] };
}

async function compare(python: string, precision: StepSettings["precision"]) {
  const settings: StepSettings = {
    imageSize: 224,
    patchSize: 16,
    encoder: { embedDim: 192, depth: 12, numHeads: 3 },
    decoder: { embedDim: 128, depth: 4, numHeads: 4 },
    maskRatio: 0.75,
    varianceFloor: 1e-6,
    batch: 16,
    learningRate: 1e-3,
    weightDecay: 0.05,
    betas: [0.9, 0.95],
    threads: 2,
    precision,
    stateFile: join(benchDir, `step-${precision}.safetensors`),
  };
  const ours = Contender.ours("step/ours.ts");
  const theirs = Contender.theirs(python, "step/theirs.py");
  try {
    for (const side of [ours, theirs]) await side.ask("prepare", { ...settings });
    const [own, other] = await Promise.all(
      [ours, theirs].map((side) => side.ask<{ losses: number[] }>("losses", { count: 3 })),
    );
    const tolerance = precision === "float32" ? 1e-4 : 3e-2;
    own!.losses.forEach((loss, i) => {
      assert.ok(Math.abs(loss - other!.losses[i]!) < tolerance, `losses differ: ${own!.losses} and ${other!.losses}`);
    });
    const turn = async (side: Contender) =>
      (await side.ask<{ seconds: number }>("steps", { count: STEPS_A_TURN })).seconds;
    for (const side of [ours, theirs]) await turn(side); // warm-up
    const pairs: { ours: number; theirs: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const seconds = new Map<Contender, number>();
      for (const side of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) seconds.set(side, await turn(side));
      pairs.push({ ours: seconds.get(ours)!, theirs: seconds.get(theirs)! });
    }
    const [ownMemory, otherMemory] = await Promise.all(
      [ours, theirs].map((side) => side.ask<{ bytes: number }>("memory")),
    );
    const round = (value: number, digits: number) => Number(value.toFixed(digits));
    return {
      precision,
      "ours ms": round(1e3 * median(pairs.map((pair) => pair.ours)), 0),
      "theirs ms": round(1e3 * median(pairs.map((pair) => pair.theirs)), 0),
      ratio: round(median(pairs.map((pair) => pair.ours / pair.theirs)), 3),
      "ours MB": round(ownMemory!.bytes / 1e6, 0),
      "theirs MB": round(otherMemory!.bytes / 1e6, 0),
      memRatio: round(ownMemory!.bytes / otherMemory!.bytes, 3),
    };
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}
