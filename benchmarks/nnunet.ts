/**
 * Our self-planned U-Net against nnU-Net v2's 2-D one: the same labelled patients, test cases, steps, batch and widths.
 *
 *     node scripts/node24.mjs benchmarks/nnunet.ts STORE SPLIT [--labels 1,10] [--steps 250] [--batch 8] [--mirror] [--only ours|theirs]
 *
 * Theirs   peers/nnunet.py in the Python of MEDSSL_NNUNET_PYTHON (PyTorch, nnunetv2 2.8.1), on the store's own pixels as
 *          PNG files. What is changed in it, and why, is said there.
 * Dice     of the split's test cases at the stored size, both by the same code.
 * Threads  one each: MEDSSL_BENCH_THREADS for others. Times are told, but not compared: the machine is not idle.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { finetuneSchema, parseRecipe, type Scores } from "@medssl/contract";
import {
  type Case,
  casesOfPatients,
  drawPatients,
  openStore,
  parseLabels,
  readCase,
  readSplit,
} from "@medssl/datasets";
import { writePng } from "@medssl/imaging";
import { compareMasks, evaluateRun, finetune } from "@medssl/learn";
import { readSafetensors, scope, setNumThreads } from "@medssl/torch";
import { benchDir } from "./peers.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    labels: { type: "string", default: "1,10" },
    steps: { type: "string", default: "250" },
    batch: { type: "string", default: "8" },
    seed: { type: "string", default: "0" },
    mirror: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const [storeDir, splitFile] = positionals;
const python = process.env["MEDSSL_NNUNET_PYTHON"];
if (storeDir === undefined || splitFile === undefined) throw new Error("expected STORE and SPLIT");
const threads = Number(process.env["MEDSSL_BENCH_THREADS"] ?? 1);
const [steps, batchSize, seed] = [values.steps, values.batch, values.seed].map(Number) as [number, number, number];
const store = openStore(storeDir);
const split = readSplit(splitFile);
const test = casesOfPatients(store.cases, split.test).filter(({ hasMask }) => hasMask);
setNumThreads(threads);

const rows: Record<string, string | number>[] = [];
for (const percent of values.labels.split(",").map(Number)) {
  const patients = drawPatients(split, percent, 0);
  const cases = casesOfPatients(store.cases, patients).filter(({ hasMask }) => hasMask);
  const who = `${percent}%, ${cases.length} images`;
  if (values.only !== "ours") rows.push({ labels: who, network: "nnU-Net v2 2-D", ...(await theirs(cases, percent)) });
  if (values.only !== "theirs") rows.push({ labels: who, network: "auto-unet", ...(await ours(cases, percent)) });
  console.table(rows);
}

interface Measured {
  readonly dice: string;
  readonly worst: string;
  readonly parameters: number;
  readonly minutes: string;
}

async function theirs(cases: readonly Case[], percent: number): Promise<Measured> {
  if (python === undefined) throw new Error("set MEDSSL_NNUNET_PYTHON to a Python that imports nnunetv2");
  const work = join(benchDir, `nnunet-${percent}-${steps}-${seed}${values.mirror ? "-mirror" : ""}`);
  rmSync(work, { recursive: true, force: true });
  const raw = join(work, "raw", "Dataset001_Peer");
  const truth = join(work, "truth");
  const folders = { images: join(raw, "imagesTr"), masks: join(raw, "labelsTr"), tests: join(raw, "imagesTs"), truth };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  for (const [i, one] of cases.entries()) await writeCase(one, i, folders.images, folders.masks);
  for (const [i, one] of test.entries()) await writeCase(one, i, folders.tests, truth);
  const labels = Object.fromEntries(store.info.labels.map(({ name, value }) => [name, value]));
  const about = { channel_names: { 0: "gray" }, labels: { background: 0, ...labels }, file_ending: ".png" };
  writeFileSync(join(raw, "dataset.json"), JSON.stringify({ ...about, numTraining: cases.length }));
  const script = join(import.meta.dirname, "peers", "nnunet.py");
  const numbers = { steps, batch: batchSize, threads, seed };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  execFileSync(python, [script, work, ...flags, ...(values.mirror ? ["--mirror"] : [])], { stdio: ["ignore", 2, 2] });
  const rule = parseLabels(store.info.labels.map(({ name, value }) => `${name}=${value}`).join(","));
  const { scores } = await compareMasks(join(work, "predictions"), truth, { rule, listen: () => {} });
  const { parameters, trainSeconds } = JSON.parse(readFileSync(join(work, "result.json"), "utf8"));
  return measured(scores, parameters, trainSeconds);
}

/** With nnU-Net's names: images end in the number of their channel. */
async function writeCase(one: Case, i: number, images: string, masks: string): Promise<void> {
  const { image, labels } = readCase(store, one);
  const name = `case_${String(i).padStart(4, "0")}`;
  await writePng(join(images, `${name}_0000.png`), { ...image, data: Uint8Array.from(image.data) });
  await writePng(join(masks, `${name}.png`), labels!);
}

async function ours(cases: readonly Case[], percent: number): Promise<Measured> {
  const dir = join(benchDir, `auto-unet-${percent}-${steps}-${seed}`);
  rmSync(dir, { recursive: true, force: true });
  const run = await finetune({
    name: "auto-unet",
    selections: [{ store, cases }],
    heldOutPatients: split.test,
    recipe: parseRecipe(finetuneSchema, { head: "auto-unet", steps, batchSize, seed }),
    encoder: undefined,
    dir,
    isResumed: false,
    device: "cpu",
    listen: (event) => {
      if (event.type === "note") console.error(event.message);
    },
  });
  const evaluation = await evaluateRun({ dir, stores: [store], on: "held-out", device: "cpu", listen: () => {} });
  const parameters = scope(() =>
    [...readSafetensors(join(dir, "model.safetensors")).tensors.values()].reduce((sum, { numel }) => sum + numel, 0),
  );
  return measured(evaluation!.scores, parameters, run.seconds);
}

function measured({ dice, cases }: Scores, parameters: number, seconds: number): Measured {
  return {
    dice: (100 * dice).toFixed(2),
    worst: (100 * Math.min(...cases.map((one) => one.dice))).toFixed(1),
    parameters,
    minutes: (seconds / 60).toFixed(1),
  };
}
