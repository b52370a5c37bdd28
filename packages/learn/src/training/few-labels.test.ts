import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe, pretrainSchema, type RunEvent } from "@medssl/contract";
import type { Store } from "@medssl/datasets";
import { readSafetensors, setNumThreads } from "@medssl/torch";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "./finetune.ts";
import { pretrain } from "./pretrain.ts";
import { encoderPath, modelPath, readMetrics } from "./run-directory.ts";

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

test("what cannot be had is said: validation of one patient, consistency without images", async () => {
  const { notes } = await run("one", { ...shape, steps: 1, validation: { fraction: 0.3 } }, { labeled: 1 });
  assert.match(notes.join("\n"), /too few labelled patients to keep any for validation/);
  await assert.rejects(run("none", { ...shape, steps: 1, semi: { weight: 1 } }, { labeled: patients.length }), {
    code: "ERR_SEMI_POOL",
    hint: /--unlabelled/,
  });
});
