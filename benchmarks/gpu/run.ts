/**
 * Pre-training on one NVIDIA card (started by run.sh): ViT-B/16, 224 px, bfloat16, batch 256.
 *
 * Rows      masked image modelling against PyTorch eager and compiled, the batch on the card; the joint step against masked
 *           image modelling alone; training as `medssl pretrain` does it from a mapped store on disk.
 * Idle      the card's own report of when nothing ran on it, asked ten times a second while training from the store; beside
 *           it what a step from the store takes longer than the bare step, augmentation and clipping included.
 * --device cpu   the same in miniature, to see that it all runs where there is no card; its numbers mean nothing.
 * --json    one object instead of tables.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildInfo } from "@medssl/torch";
import { Contender } from "../contender.ts";
import { benchDir } from "../peers.ts";
import type { StepSettings } from "../pretrain/settings.ts";
import { compareJoint, compareSteps } from "../pretrain/turns.ts";

const { values: options } = parseArgs({
  options: { device: { type: "string", default: "cuda" }, json: { type: "boolean", default: false } },
});
const device = options.device === "cpu" ? "cpu" : "cuda";
const isFull = device === "cuda";
const python = process.env["MEDSSL_BENCH_PYTHON"] ?? "python3";
const threads = Math.min(16, cpus().length);
const sizes = isFull
  ? {
      imageSize: 224,
      encoder: { embedDim: 768, depth: 12, numHeads: 12 },
      decoder: { embedDim: 512, depth: 8, numHeads: 16 },
      batch: 256,
      turns: { rounds: 8, stepsInATurn: 10 },
      store: { images: 2048, size: 256, steps: 220, warmup: 20 },
    }
  : {
      imageSize: 64,
      encoder: { embedDim: 32, depth: 2, numHeads: 2 },
      decoder: { embedDim: 32, depth: 1, numHeads: 2 },
      batch: 4,
      turns: { rounds: 2, stepsInATurn: 2 },
      store: { images: 8, size: 64, steps: 6, warmup: 2 },
    };
const { imageSize, encoder, decoder, batch, turns } = sizes;

const settings: StepSettings = {
  device,
  imageSize,
  patchSize: 16,
  encoder,
  decoder,
  maskRatio: 0.75,
  varianceFloor: 1e-3,
  batch,
  learningRate: 1e-4,
  weightDecay: 0.05,
  betas: [0.9, 0.95],
  threads,
  precision: "bfloat16",
  stateFile: join(benchDir, "gpu.safetensors"),
};
const recipe = {
  batchSize: batch,
  inputSize: imageSize,
  encoder: { ...encoder, patchSize: 16 },
  decoder,
  precision: "bfloat16",
};

/** Share of the time in which something ran on the card, by its driver. */
class Utilization {
  readonly #percents: number[] = [];
  #process: ChildProcess | undefined;

  start(): void {
    const query = ["--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=100"];
    const child = spawn("nvidia-smi", query, { stdio: ["ignore", "pipe", "ignore"] });
    child.on("error", () => {}); // then idle() says that nothing was seen
    child.stdout.on("data", (text: Buffer) => {
      this.#percents.push(...text.toString().trim().split("\n").map(Number));
    });
    this.#process = child;
  }

  /** Between the first and the last second in which the card worked; its first fifth, where kernels load, left out. */
  idle(): string {
    const first = this.#percents.findIndex((percent) => percent > 50);
    const last = this.#percents.findLastIndex((percent) => percent > 50);
    const seen = this.#percents.slice(first + Math.ceil((last - first) / 5), last);
    if (first < 0 || seen.length === 0) return "not seen";
    return `${(100 - seen.reduce((sum, percent) => sum + percent, 0) / seen.length).toFixed(1)}%`;
  }

  stop(): void {
    this.#process?.kill();
  }
}

mkdirSync(benchDir, { recursive: true });
const perSecond = (seconds: number): number => Math.round(batch / seconds);
const rows: Record<string, string | number>[] = [];
let bareStep = Number.NaN;

for (const peer of ["eager", "compiled"] as const) {
  const name = { step: "mim, bfloat16", peer: `PyTorch ${peer}` };
  try {
    const found = await compareSteps(python, settings, turns, peer === "compiled");
    bareStep = found.ours;
    rows.push({
      ...name,
      "ours images/s": perSecond(found.ours),
      "theirs images/s": perSecond(found.theirs),
      "times as fast": Number((1 / found.ratio).toFixed(2)),
      "peak GB": found.memory.map((bytes) => (bytes / 1e9).toFixed(1)).join(" / "),
      "share of product rate": found.rates
        .map((rate) => `${Math.round((100 * rate) / found.productRate)}%`)
        .join(" / "),
      "product TFLOP/s": Math.round(found.productRate / 1e12),
    });
  } catch (error) {
    rows.push({ ...name, "ours images/s": `not measured: ${(error as Error).message}` });
  }
}

const joint = await compareJoint({ device, threads, recipe }, turns);
rows.push({
  step: "mim+acl, bfloat16",
  peer: "ours, mim alone",
  "ours images/s": perSecond(joint.ours),
  "theirs images/s": perSecond(joint.theirs),
  "time in that of mim": Number(joint.ratio.toFixed(3)),
});

rows.push(await trainFromStore());
if (options.json) console.log(JSON.stringify({ device, torch: buildInfo().torchVersion, rows }));
else {
  console.log(
    `\n${device}, ${JSON.stringify({ ...settings, stateFile: undefined })}, libtorch ${buildInfo().torchVersion}`,
  );
  for (const row of rows) console.table([row]);
}

async function trainFromStore(): Promise<Record<string, string | number>> {
  const { images, size, steps, warmup } = sizes.store;
  const dir = join(benchDir, "gpu-store");
  const ours = Contender.ours("gpu/ours.ts");
  const watch = new Utilization();
  try {
    await ours.ask("store", { dir, images, size });
    if (isFull) watch.start();
    const training = { ...recipe, method: "mim", steps, checkpointEveryMinutes: 600, picturesEveryEpochs: 0 };
    const { seconds } = await ours.ask<{ seconds: number }>("train", { dir, device, warmup, recipe: training });
    return {
      step: "mim from a mapped store",
      peer: "ours, bare step",
      "ours images/s": perSecond(seconds),
      "idle by nvidia-smi": watch.idle(),
      "longer than the bare step": `${(100 * (1 - bareStep / seconds)).toFixed(1)}%`,
    };
  } finally {
    watch.stop();
    await ours.end();
  }
}
