import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe, pretrainSchema, type RunEvent } from "@medssl/contract";
import { ingest, openStore, parseLabels, Random, type Store } from "@medssl/datasets";
import { writePng } from "@medssl/imaging";
import { readSafetensors, setNumThreads, type Tensor } from "@medssl/torch";
import { ImageSet } from "../data/image-set.ts";
import { meanDice } from "../evaluation/mean-dice.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "./finetune.ts";
import { pretrain } from "./pretrain.ts";
import { encoderPath, modelPath, readMetrics } from "./run-directory.ts";
import { splitValidation } from "./validation.ts";

const dir = testFolder();
const shape = { inputSize: 32, encoder: { patchSize: 8, embedDim: 32, depth: 2, numHeads: 2 } };
const everything = {
  ...shape,
  head: "hybrid",
  batchSize: 4,
  steps: 8,
  augmentation: { elastic: 0.05, noise: 0.1, blur: 1, flip: true },
  foregroundShare: 0.5,
  loss: { clDice: 0.5, clDiceIterations: 3, classBalance: "frequency" },
  emaDecay: 0.9,
  frozenSteps: 3,
  validation: { fraction: 0.3, everySteps: 2, patience: 99 },
  semi: { weight: 1, batchSize: 3, startStep: 2, confidence: 0.55 },
};

let store: Store;
let patients: string[];
before(async () => {
  setNumThreads(1);
  store = await discStore(dir);
  patients = [...new Set(store.cases.map(({ patient }) => patient))].sort();
  const { head: _, ...rest } = { ...shape, head: undefined };
  const recipe = parseRecipe(pretrainSchema, {
    ...rest,
    steps: 2,
    batchSize: 8,
    decoder: { embedDim: 16, depth: 1, numHeads: 2 },
  });
  await pretrain({ ...control("encoder"), selections: [{ store, cases: store.cases }], recipe });
});

function control(name: string, { stopAfter, isResumed = false }: { stopAfter?: number; isResumed?: boolean } = {}) {
  const controller = new AbortController();
  const notes: string[] = [];
  const listen = (event: RunEvent) => {
    if (event.type === "step" && event.step === stopAfter) controller.abort();
    if (event.type === "note") notes.push(event.message);
  };
  return { name, dir: join(dir, name), isResumed, device: "cpu", listen, signal: controller.signal, notes };
}

/** Learns from the first patients, and is consistent on the others' images where the recipe says so. */
function run(name: string, settings: object, options: Parameters<typeof control>[1] & { labeled?: number } = {}) {
  const labeled = new Set(patients.slice(0, options.labeled ?? 6));
  const part = (isLabeled: boolean) => [
    { store, cases: store.cases.filter(({ patient }) => labeled.has(patient) === isLabeled) },
  ];
  const base = control(name, options);
  const result = finetune({
    ...base,
    selections: part(true),
    pool: part(false),
    heldOutPatients: [],
    recipe: parseRecipe(finetuneSchema, settings),
    encoder: join(dir, "encoder"),
  });
  return result.then((run) => ({ run, notes: base.notes, metrics: readMetrics(base.dir) }));
}

const weights = (path: string) =>
  new Map([...readSafetensors(path).tensors].map(([name, tensor]) => [name, tensor.toNested()]));

test("with all that helps few labels, a run that was stopped and resumed ends with the same bits", async () => {
  const whole = await run("whole", everything);
  for (const stopAfter of [1, 4]) {
    await run(`parts-${stopAfter}`, everything, { stopAfter });
    const { run: resumed, metrics } = await run(`parts-${stopAfter}`, everything, { isResumed: true });
    assert.equal(resumed.isComplete, true);
    assert.deepEqual(weights(modelPath(join(dir, `parts-${stopAfter}`))), weights(modelPath(join(dir, "whole"))));
    assert.deepEqual(
      metrics.map(({ loss }) => loss),
      whole.metrics.map(({ loss }) => loss),
    );
    assert.deepEqual(resumed.validation, whole.run.validation);
  }
  assert.deepEqual(whole.run.pool, { stores: [store.dir], images: store.cases.length - 2 * 6 });
  const [first, last] = [whole.metrics[0]!, whole.metrics.at(-1)!];
  assert.equal(first["consistency"], 0);
  assert.ok(last["consistency"]! > 0, "consistency has begun");
  assert.ok(last["clDiceLoss"]! > 0);
});

test("validation patients are of the labelled ones, are not learnt from, and keep the best weights", async () => {
  const { run: result, notes } = await run("validated", { ...everything, semi: { weight: 0 } });
  assert.equal(result.validation!.patients.length, 1); // 6 * 0.3, rounded down
  assert.ok(result.patients.includes(result.validation!.patients[0]!));
  assert.equal(result.images, 2 * 5);
  const dices = notes.flatMap((note) => /step (\d+): Dice ([\d.]+) on the validation/.exec(note)?.slice(1, 3) ?? []);
  assert.equal(dices.length, 2 * 4);
  const measured = [0, 1, 2, 3].map((i) => ({ step: Number(dices[2 * i]), dice: Number(dices[2 * i + 1]) }));
  const best = Math.max(...measured.map(({ dice }) => dice));
  assert.equal(result.validation!.step, measured.find(({ dice }) => dice === best)!.step);
});

test("validation patients without any structure choose nothing", async () => {
  const source = join(dir, "healthy");
  for (const folder of ["images", "masks"]) mkdirSync(join(source, folder), { recursive: true });
  const random = new Random(4);
  for (const name of ["patient000_0.png", "patient001_0.png"]) {
    const mask = new Uint8Array(32 ** 2);
    if (name.startsWith("patient000")) mask.fill(255, 300, 600);
    const picture = (data: Uint8Array) => ({ width: 32, height: 32, channels: 1, data }) as const;
    await writePng(join(source, "images", name), picture(mask.map((value) => value / 2 + 100 * random.next())));
    await writePng(join(source, "masks", name), picture(mask));
  }
  const path = join(dir, "healthy-store");
  await ingest([source], { store: path, labels: parseLabels("disc=255"), width: 32, height: 32 }, () => {});
  const selections = [{ store: openStore(path), cases: openStore(path).cases }];
  const masks = new ImageSet(selections).masks([0, 1]).flatten(1).sum([1]).toNested() as bigint[];
  const healthy = openStore(path).cases[masks.findIndex((pixels) => Number(pixels) === 0)]!.patient;
  const settings = { ...shape, head: "unet", steps: 2, validation: { fraction: 0.5, everySteps: 1 } };
  const recipes = Array.from({ length: 20 }, (_, seed) => parseRecipe(finetuneSchema, { ...settings, seed }));
  const recipe = recipes.find((one) => splitValidation(selections, one).patients[0] === healthy)!;
  const { notes, ...base } = control("healthy-run");
  const run = await finetune({ ...base, selections, heldOutPatients: [], recipe, encoder: undefined });
  assert.match(notes.join(), /the validation patients show none of the structures/);
  assert.equal(run.validation, undefined);
  assert.equal(run.images, 1);
});

test("training stops when the validation patients gain nothing for long enough", async () => {
  // Nothing is learnt, so no measurement betters the first.
  const settings = { ...shape, steps: 40, batchSize: 2, learningRate: 1e-30, warmupSteps: 0 };
  const { run: result } = await run("patient", {
    ...settings,
    validation: { fraction: 0.4, everySteps: 3, patience: 2 },
  });
  assert.equal(result.isComplete, true);
  assert.equal(result.step, 9);
  assert.equal(result.validation!.step, 3);
});

test("a frozen encoder stays as it was, an unfrozen one does not", async () => {
  await run("frozen", { ...shape, steps: 3, frozenSteps: 3 });
  await run("thawed", { ...shape, steps: 3, frozenSteps: 2, warmupSteps: 0 });
  const before = weights(encoderPath(join(dir, "encoder")));
  const name = "blocks.0.attn.qkv.weight";
  const after = (of: string) => weights(modelPath(join(dir, of))).get(`encoder.${name}`);
  assert.deepEqual(after("frozen"), before.get(name));
  assert.notDeepEqual(after("thawed"), before.get(name));
});

test("what cannot be had is said: validation of one patient, consistency without images, neighbours of pictures", async () => {
  const { notes } = await run("one", { ...shape, steps: 1, validation: { fraction: 0.3 } }, { labeled: 1 });
  assert.match(notes.join("\n"), /too few labelled patients to keep any for validation/);
  const settings = { ...shape, head: "vit", steps: 1, contextSlices: 1, loss: { deepSupervision: 0.5 } };
  const useless = (await run("useless", settings)).notes.join("\n");
  assert.match(useless, /contextSlices .* these images are pictures/);
  assert.match(useless, /loss\.deepSupervision is left out: the head vit has no coarser levels/);
  await assert.rejects(run("none", { ...shape, steps: 1, semi: { weight: 1 } }, { labeled: patients.length }), {
    code: "ERR_SEMI_POOL",
    hint: /--unlabelled/,
  });
});

test("a shape that the pre-trained encoder has not is told", async () => {
  const { notes } = await run("shape", { ...shape, steps: 1, encoder: { ...shape.encoder, patchSize: 4 } });
  assert.match(notes.join("\n"), /^encoder\.patchSize is 8, not 4: a pre-trained encoder keeps its shape/m);
  const { notes: none } = await run("own shape", { ...shape, steps: 1 });
  assert.doesNotMatch(none.join("\n"), /keeps its shape/);
});

test("consistency that would begin after the last step is told", async () => {
  const { notes } = await run("late", { ...shape, steps: 1, semi: { weight: 1, startStep: 50 } }, { labeled: 1 });
  assert.match(notes.join("\n"), /nothing is learned from images without labels: that begins at step 50/);
});

test("scribbles are enough: what is labelled ignore says nothing", async () => {
  // Of each mask one disc pixel in two and a few background pixels are labelled; all else is `ignore`.
  const source = join(dir, "scribbled");
  await scribbledFolder(source);
  await ingest(
    [source],
    { store: join(dir, "scribbles"), labels: parseLabels("disc=1,ignore=255"), width: 32, height: 32 },
    () => {},
  );
  const scribbles = openStore(join(dir, "scribbles"));
  const settings = { ...shape, head: "unet", steps: 60, batchSize: 4, learningRate: 5e-3 };
  // What nobody labelled takes no part in the weights of the classes either.
  const recipe = parseRecipe(finetuneSchema, { ...settings, loss: { classBalance: "frequency" } });
  const selections = [{ store: scribbles, cases: scribbles.cases.slice(0, 12) }];
  const base = { selections, heldOutPatients: [], recipe, encoder: undefined };
  const result = await finetune({ ...base, ...control("scribbles") });
  assert.deepEqual(
    result.labels.map(({ name }) => name),
    ["disc"],
  );
  assert.equal(result.ignoredValue, 2);
  // Measured on the whole masks of other images.
  const whole = new ImageSet([{ store, cases: store.cases.slice(12) }]);
  const { network, run: loaded } = loadSegmenter(join(dir, "scribbles"), "cpu");
  const dice = await meanDice(network, whole, {
    ...loaded.recipe,
    statistics: loaded.statistics,
    labels: whole.labels,
    device: "cpu",
  });
  assert.ok(dice > 0.6, `Dice ${dice}`);
});

/** The discs of `discStore` with scribbles in place of masks. */
async function scribbledFolder(source: string): Promise<void> {
  for (const folder of ["images", "masks"]) mkdirSync(join(source, folder), { recursive: true });
  const set = new ImageSet([{ store, cases: store.cases }]);
  const random = new Random(3);
  const bytes = (tensor: Tensor) => tensor.contiguous().toTypedArray() as Uint8Array;
  for (const [i, { id }] of store.cases.entries()) {
    const name = `${id.split("/").at(-1)}.png`;
    const picture = (data: Uint8Array) => ({ width: 32, height: 32, channels: 1, data }) as const;
    const gray = bytes(set.images([i]).mul(255).add(0.5).to({ dtype: "uint8" }));
    const scribble = bytes(set.masks([i])).map((value) => (random.next() < (value === 1 ? 0.5 : 0.1) ? value : 255));
    await writePng(join(source, "images", name), picture(gray));
    await writePng(join(source, "masks", name), picture(scribble));
  }
}
