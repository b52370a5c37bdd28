/**
 * An exported model against the run that it was exported from: labels in ONNX Runtime and in libtorch, image by image, and
 * the network's logits in Node, in WebAssembly and in WebGPU (Chromium's software adapter; a network of some million
 * parameters takes it half a minute). Ends with exit code 1 where they differ by more than is allowed.
 *
 * Usage    npx node scripts/segmenter-parity.ts MODEL RUN IMAGE...
 */
import { spawn, spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import { readScan, reorientForDisplay } from "@medssl/imaging";
import { openTorchSegmenter } from "@medssl/learn";
import { Segmenter } from "@medssl/segmenter";
import { chromium } from "playwright-core";

const LARGEST_SHARE = 1e-4;
const LARGEST_FRACTION = 1;
const LARGEST_LOGIT = 1e-4;
const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

const [model, run, ...images] = process.argv.slice(2);
if (model === undefined || run === undefined) throw new Error("expected MODEL RUN IMAGE...");

const segmenter = await Segmenter.load(model);
console.table(await compareLabels(segmenter, run, images));
console.table(await compareLogits(segmenter, model));
await segmenter.dispose();

async function compareLabels(segmenter: Segmenter, run: string, images: readonly string[]) {
  const libtorch = openTorchSegmenter(run, { device: "cpu" });
  const rows = [];
  for (const image of images) {
    const shown = reorientForDisplay(await readScan(image));
    const options = { wantsFractions: true };
    const [ours, ourMs] = await timed(() => segmenter.segmentShown(shown, options));
    const [theirs, theirMs] = await timed(() => libtorch.segmentShown(shown, options));
    const numOther = ours.labels.reduce((sum, label, i) => sum + Number(label !== theirs.labels[i]), 0);
    const apart = Math.max(0, ...ours.fractions.map((values, k) => furthest(values, theirs.fractions[k]!)));
    if (numOther > LARGEST_SHARE * ours.labels.length || apart > LARGEST_FRACTION) process.exitCode = 1;
    const voxels = ours.labels.length;
    rows.push({ image: basename(image), voxels, "other labels": numOther, "fractions apart": apart, ourMs, theirMs });
  }
  return rows;
}

async function compareLogits(segmenter: Segmenter, model: string) {
  const root = join(import.meta.dirname, "..");
  spawnSync(process.execPath, [join(root, "packages/segmenter/build.ts")]);
  const serve = join(root, "examples/segmenter-page/serve.ts");
  const server = spawn(process.execPath, [serve, model, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const address = String(await new Promise((resolve) => server.stdout.once("data", resolve))).trim();
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const page = await browser.newPage();
  await page.goto(address);
  const { contextSlices, inputSize } = segmenter.plan;
  const size = (2 * contextSlices + 1) * inputSize ** 2;
  const images = Array.from({ length: size }, (_, i) => Math.sin(i * 0.37) + Math.cos((i / inputSize) * 0.2));
  const expected = await segmenter.logitsOf(Float32Array.from(images));
  const rows = [];
  for (const provider of ["wasm", "webgpu"]) {
    const found = await page.evaluate(
      async ([provider, images]) => {
        const { Segmenter } = await import("/segmenter/segmenter.js" as string);
        const segmenter = await Segmenter.load("/model", { provider });
        const start = performance.now();
        const logits: Float32Array = await segmenter.logitsOf(Float32Array.from(images));
        return { logits: Array.from(logits), ms: Math.round(performance.now() - start) };
      },
      [provider, images] as const,
    );
    const apart = furthest(expected, found.logits);
    if (apart > LARGEST_LOGIT) process.exitCode = 1;
    rows.push({ provider, "logits up to": furthest(expected, []), "apart from Node's": apart, ms: found.ms });
  }
  await browser.close();
  server.kill();
  return rows;
}

async function timed<Result>(work: () => Promise<Result>): Promise<[Result, number]> {
  const start = performance.now();
  return [await work(), Math.round(performance.now() - start)];
}

function furthest(values: Uint8Array | Float32Array, others: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]! - (others[i] ?? 0)));
  return most;
}
