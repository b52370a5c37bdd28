/**
 * A step of pre-training, ours and PyTorch's: the same weights, images, masks and mathematics; images in memory.
 *
 * Setting   ViT 192 x 12 with 3 heads, decoder 128 x 4 with 4 heads, 224 px, patch 16, 75% removed, batch 16, fused AdamW.
 * Peers     PyTorch eager, and the same through `torch.compile` where that works here: a row without numbers says why not.
 * Ratios    of the time, with the middle half of the pairs of turns; and of what the processors worked (cpuRatio).
 * Memory    largest resident size of each process, the runtimes of Python and Node included.
 * Share     the step's rate in that of a product of 2048 x 2048 matrices between the turns, by the faster of libtorch's libraries.
 * Joint     ours alone: MIM + ACL on 64 images x 2 views against MIM on 128 crops, with the recipe `tiny`.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { benchDir, peerPython } from "./peers.ts";
import type { StepSettings } from "./pretrain/settings.ts";
import { type Comparison, compareJoint, compareSteps, timingColumns } from "./pretrain/turns.ts";
import type { BenchmarkResult } from "./run.ts";
import { fixed } from "./statistics.ts";

const THREADS = 2;
const TURNS = { rounds: 10, stepsInATurn: 2 };

const settingsFor = (precision: StepSettings["precision"]): StepSettings => ({
  device: "cpu",
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
  threads: THREADS,
  precision,
  stateFile: join(benchDir, `pretrain-${precision}.safetensors`),
});

export async function run(): Promise<BenchmarkResult> {
  const python = peerPython();
  mkdirSync(benchDir, { recursive: true });
  const rows: Record<string, string | number>[] = [];
  for (const precision of ["float32", "bfloat16"] as const) {
    for (const peer of ["eager", "compiled"] as const) {
      const comparing = compareSteps(python, settingsFor(precision), TURNS, peer === "compiled");
      rows.push({ step: `mim, ${precision}`, peer, ...(await comparing.then(describe, failure)) });
    }
  }
  const recipe = { batchSize: 128, precision: "float32" };
  const joint = await compareJoint({ device: "cpu", threads: THREADS, recipe }, { rounds: 16, stepsInATurn: 1 });
  rows.push({ step: "mim+acl, float32", peer: "ours, mim alone", ...timingColumns(joint) });
  return { name: "pretrain", rows };
}

function describe(comparison: Comparison): Record<string, string | number> {
  const { memory, rates, productRate } = comparison;
  return {
    ...timingColumns(comparison),
    "ours MB": fixed(memory[0] / 1e6, 0),
    "theirs MB": fixed(memory[1] / 1e6, 0),
    memRatio: fixed(memory[0] / memory[1], 3),
    "share of product rate": rates.map((rate) => `${fixed((100 * rate) / productRate, 0)}%`).join(" / "),
    "product GFLOP/s": fixed(productRate / 1e9, 0),
  };
}

/** A peer that cannot be compiled here is no failure of ours; its own error is above, on the terminal. */
const failure = (error: Error): Record<string, string> => ({ "ours ms": `not measured: ${error.message}` });
