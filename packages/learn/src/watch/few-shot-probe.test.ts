import assert from "node:assert/strict";
import { before, test } from "node:test";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { Store } from "@medssl/datasets";
import { generatorState, manualSeed, memoryStats, scope, setNumThreads } from "@medssl/torch";
import { anatomyOf } from "../data/anatomy.ts";
import { ImageSet, measureStatistics } from "../data/image-set.ts";
import { Sampler } from "../data/sampler.ts";
import { cutViews } from "../data/views.ts";
import { ViT } from "../models/vit.ts";
import { namedParameters, stateDict } from "../nn/module.ts";
import { createObjective } from "../objectives/pretraining.ts";
import { ALONE } from "../objectives/ranks.ts";
import { AdamW } from "../optim/adamw.ts";
import { decayGroups } from "../optim/parameter-groups.ts";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { FewShotProbe, type FewShotProbeOptions } from "./few-shot-probe.ts";

const encoder = { patchSize: 8, embedDim: 32, depth: 2, numHeads: 2 };
const recipe = parseRecipe(pretrainSchema, {
  encoder,
  inputSize: 32,
  steps: 3,
  batchSize: 8,
  decoder: { embedDim: 16, depth: 1, numHeads: 2 },
});

let store: Store;
let set: ImageSet;
before(async () => {
  setNumThreads(1);
  store = await discStore(testFolder());
  set = new ImageSet([{ store, cases: store.cases }]);
});

const probe = (options: Partial<FewShotProbeOptions> = {}) =>
  new FewShotProbe({
    selections: [{ store, cases: store.cases }],
    statistics: measureStatistics(set),
    inputSize: 32,
    device: "cpu",
    patients: 3,
    steps: 3,
    ...options,
  });

/** Weights and generator after three steps of pre-training, with something done after each. */
async function pretrained(afterStep: (encoder: ViT) => Promise<unknown>) {
  manualSeed(1);
  const objective = createObjective(recipe);
  const optimizer = new AdamW(decayGroups(namedParameters(objective), 0.05), { betas: [0.9, 0.95] });
  const sampler = new Sampler(set.count, 1);
  const { augmentation } = recipe;
  const statistics = measureStatistics(set);
  const anatomy = anatomyOf([{ store, cases: store.cases }]);
  const options = {
    inputSize: 32,
    viewDistance: 1,
    usesThorax: false,
    augmentation,
    statistics,
    device: "cpu",
  } as const;
  for (let step = 0; step < recipe.steps; step++) {
    scope(() => {
      const views = cutViews(set, anatomy, sampler.next(4), { ...options, viewsPerImage: 2 });
      objective.loss(views, step, ALONE).loss.backward();
      optimizer.step(1e-3);
    });
    await afterStep(objective.encoder);
  }
  return [generatorState().toNested(), stateDict(objective).map(([name, tensor]) => [name, tensor.toNested()])];
}

test("a run goes on to the bit as if there had been no probe", async () => {
  const few = probe();
  const plain = await pretrained(async () => {});
  const dices: number[] = [];
  assert.deepEqual(await pretrained(async (vit) => dices.push((await few.measure(vit))!.dice)), plain);
  assert.equal(new Set(dices).size, 3); // it did train something
});

test("a label called ignore is no structure to learn", async () => {
  const partial = new Store(store.dir, { ...store.info, labels: [...store.info.labels, { value: 2, name: "ignore" }] });
  const vit = new ViT({ ...recipe.encoder, imageSize: 32 });
  const [plain, other] = [probe(), probe({ selections: [{ store: partial, cases: store.cases }] })];
  assert.deepEqual((await other.measure(vit))!.draws, (await plain.measure(vit))!.draws);
});

test("a probe tells the same of the same encoder, whatever was drawn before, and leaves no tensor behind", async () => {
  const few = probe();
  const vit = new ViT({ ...recipe.encoder, imageSize: 32 });
  const first = await few.measure(vit);
  const { tensors, bytes } = memoryStats();
  manualSeed(77);
  const second = await few.measure(vit);
  assert.deepEqual(second?.draws, first?.draws);
  assert.equal(second?.draws.length, 2);
  const after = memoryStats();
  assert.deepEqual([after.tensors, after.bytes], [tensors, bytes]);
});

test("with enough steps the discs are found on patients that it has not seen", async () => {
  manualSeed(2);
  const vit = new ViT({ ...recipe.encoder, imageSize: 32 });
  const [short, long] = [await probe({ steps: 1 }).measure(vit), await probe({ steps: 100 }).measure(vit)];
  assert.ok(long!.dice > 0.85, `${long!.dice}`);
  assert.ok(short!.dice < 0.7, `${short!.dice}`);
  assert.ok(long!.seconds > 0);
});

test("a signal ends it, and the generator is as before", async () => {
  const controller = new AbortController();
  const vit = new ViT({ ...recipe.encoder, imageSize: 32 });
  const before = generatorState().toNested();
  const running = probe({ steps: 1000 }).measure(vit, controller.signal);
  controller.abort();
  assert.equal(await running, undefined);
  assert.deepEqual(generatorState().toNested(), before);
});

test("what cannot be probed with is refused before the run", () => {
  assert.throws(() => probe({ patients: 10 }), {
    code: "ERR_PROBE_PATIENTS",
    message: /learns from 10 patients and measures on others; .* has 10 with masks/,
  });
  const cases = store.cases.map((one) => ({ ...one, hasMask: false }));
  assert.throws(() => probe({ selections: [{ store, cases }] }), { code: "ERR_PROBE_MASKS" });
});
