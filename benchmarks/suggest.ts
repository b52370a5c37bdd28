/**
 * Whether `medssl suggest` chooses better than chance: as many suggested and random patients to learn from, measured on others.
 *
 * Setting   without more, phantoms of chest X-rays: 240 patients, 60 of them held out, the recipe `tiny` for 100 steps on the
 *           others, made once and kept in `.bench/suggest`. Any store with masks, an encoder and a split can be given instead.
 * Probe     a linear map from the frozen encoder's tokens to masks (linear-probe.ts): no chance in its training, so that the
 *           choice alone makes the difference. Suggestions of 5 seeds, and 20 random draws.
 * Finetune  with SUGGEST_STEPS, the network with the light head is fine-tuned that many steps instead, with equal settings and
 *           seeds; its own chance is larger than the choice's. Runs are kept, so that a second call goes on.
 * Warm      with SUGGEST_WARM and SUGGEST_STEPS, half of the patients are a random draw, a model is trained on it, and the other
 *           half is what it is unsure of, against as many random ones altogether.
 * Units     Dice in percent, on the held-out patients.
 *
 *     SUGGEST_STORE=stores/ms SUGGEST_ENCODER=studies/ms/pretrain/mim+acl SUGGEST_SPLIT=studies/ms/split.json \
 *       SUGGEST_COUNTS=6,12 npm run bench -- suggest
 */
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { finetuneSchema, parseRecipe, pretrainSchema } from "@medssl/contract";
import {
  ingest,
  openStore,
  parseLabels,
  Random,
  readSplit,
  type Split,
  type Store,
  splitStores,
  writePhantoms,
  writeSplit,
} from "@medssl/datasets";
import { evaluateRun, finetune, loadRecipe, pretrain, suggest } from "@medssl/learn";
import { setNumThreads } from "@medssl/torch";
import { benchDir } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { LinearProbe } from "./suggest/linear-probe.ts";

/** A probe is quick: as many more random draws, so that their mean is surer. */
const MORE_DRAWS = 4;
const PHANTOMS = { patients: 240, sizePixels: 128, steps: 100 };

interface Setting {
  readonly name: string;
  readonly store: Store;
  readonly encoder: string;
  readonly split: Split;
  readonly counts: readonly number[];
  readonly draws: number;
  /** Of fine-tuning; 0 for the probe. */
  readonly steps: number;
  readonly probe: LinearProbe | undefined;
  readonly isWarm: boolean;
}

export async function run(): Promise<BenchmarkResult> {
  const number = (name: string, usual: number) => Number(process.env[name] ?? usual);
  setNumThreads(number("SUGGEST_THREADS", 1));
  const { SUGGEST_STORE: store, SUGGEST_ENCODER: encoder, SUGGEST_SPLIT: split } = process.env;
  const given =
    store !== undefined && encoder !== undefined && split !== undefined
      ? { store: openStore(store), encoder, split: readSplit(split) }
      : await phantoms();
  const setting: Setting = {
    ...given,
    name: `${basename(given.store.dir)}-${basename(dirname(given.store.dir))}`,
    counts: (process.env["SUGGEST_COUNTS"] ?? "6,12").split(",").map(Number),
    draws: number("SUGGEST_DRAWS", 5),
    steps: number("SUGGEST_STEPS", 0),
    probe: number("SUGGEST_STEPS", 0) > 0 ? undefined : new LinearProbe(given.store, given.encoder, given.split),
    isWarm: process.env["SUGGEST_WARM"] !== undefined,
  };
  const rows = [];
  for (const count of setting.counts) rows.push(await compare(setting, count));
  return { name: "suggest", rows };
}

async function compare(setting: Setting, count: number) {
  const { store, split, draws, isWarm, probe } = setting;
  const drawn = (draw: number) => new Random(draw, count).shuffle([...split.train]);
  const [random, suggested]: [number[], number[]] = [[], []];
  for (let draw = 0; draw < (probe === undefined ? draws : MORE_DRAWS * draws); draw++) {
    random.push(await measure(setting, `random-${count}-${draw}`, drawn(draw).slice(0, count), draw));
  }
  for (let draw = 0; draw < draws; draw++) {
    const first = isWarm ? drawn(draw).slice(0, count / 2) : [];
    const found = await suggest({
      encoder: setting.encoder,
      stores: [store],
      count: count - first.length,
      split,
      annotated: isWarm ? first : "none",
      models: isWarm ? [await train(setting, `random-${count / 2}of${count}-${draw}`, first, draw)] : [],
      seed: draw,
      device: "cpu",
      listen: () => {},
    });
    const patients = [...first, ...found!.suggestions.map(({ patient }) => patient)];
    suggested.push(await measure(setting, `${isWarm ? "unsure" : "suggested"}-${count}-${draw}`, patients, draw));
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const range = (values: readonly number[]) => `${Math.min(...values).toFixed(1)}-${Math.max(...values).toFixed(1)}`;
  return {
    store: store.name,
    measure: probe === undefined ? `fine-tuned ${setting.steps} steps` : "linear probe",
    patients: count,
    "random draws": random.length,
    "random, Dice %": Number(mean(random).toFixed(2)),
    "random, range": range(random),
    suggestions: suggested.length,
    "suggested, Dice %": Number(mean(suggested).toFixed(2)),
    "suggested, range": range(suggested),
    gain: Number((mean(suggested) - mean(random)).toFixed(2)),
  };
}

async function measure(setting: Setting, name: string, patients: readonly string[], draw: number): Promise<number> {
  if (setting.probe !== undefined) return Number((100 * setting.probe.dice(patients)).toFixed(2));
  const dir = await train(setting, name, patients, draw);
  const evaluation = await evaluateRun({
    dir,
    stores: [setting.store],
    on: "held-out",
    device: "cpu",
    listen: () => {},
  });
  return Number((100 * evaluation!.scores.dice).toFixed(2));
}

/** @returns The folder of the run. */
async function train(setting: Setting, name: string, patients: readonly string[], draw: number): Promise<string> {
  const { store, encoder, split, steps } = setting;
  const chosen = new Set(patients);
  const dir = join(benchDir, "suggest", setting.name, `${name}-${steps}`);
  mkdirSync(dirname(dir), { recursive: true });
  const cases = store.cases.filter(({ patient, hasMask }) => hasMask && chosen.has(patient));
  await finetune({
    name,
    selections: [{ store, cases }],
    heldOutPatients: split.test,
    recipe: parseRecipe(finetuneSchema, { head: "vit", steps, seed: draw }),
    encoder,
    dir,
    isResumed: true,
    device: "cpu",
    listen: () => {},
  });
  return dir;
}

async function phantoms(): Promise<{ store: Store; encoder: string; split: Split }> {
  const { patients, sizePixels: size, steps } = PHANTOMS;
  const path = (name: string) => join(benchDir, "suggest", name);
  await writePhantoms({ dir: path("phantoms"), task: "lungs", cases: patients, seed: 3, size }, () => {});
  const fitted = { width: size, height: size };
  if (!existsSync(path("store"))) {
    await ingest([path("phantoms")], { store: path("store"), labels: parseLabels("lungs"), ...fitted }, () => {});
  }
  const store = openStore(path("store"));
  if (!existsSync(path("split.json"))) {
    writeSplit(path("split.json"), splitStores([store], { seed: 0, testFraction: 0.25, needsMasks: true }));
  }
  const split = readSplit(path("split.json"));
  const learned = new Set(split.train);
  await pretrain({
    name: "phantoms",
    selections: [{ store, cases: store.cases.filter(({ patient }) => learned.has(patient)) }],
    recipe: parseRecipe(pretrainSchema, { ...loadRecipe("pretrain", "tiny"), steps }),
    dir: path("encoder"),
    isResumed: existsSync(path("encoder")),
    device: "cpu",
    listen: () => {},
  });
  return { store, encoder: path("encoder"), split };
}
