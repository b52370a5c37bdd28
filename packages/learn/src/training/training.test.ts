import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import {
  type FinetuneRecipe,
  finetuneSchema,
  type PretrainRecipe,
  parseRecipe,
  pretrainMethods,
  pretrainSchema,
  type RunEvent,
} from "@medssl/contract";
import { type Split, type Store, splitStores } from "@medssl/datasets";
import { appendToFile } from "@medssl/imaging";
import { generatorState, memoryStats, readSafetensors, setNumThreads } from "@medssl/torch";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { loadEncoder, saveEncoder } from "../models/load-encoder.ts";
import { ViTSegmenter } from "../models/vit-segmenter.ts";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "./finetune.ts";
import { pretrain } from "./pretrain.ts";
import { checkpointPath, encoderPath, modelPath, readMetrics } from "./run-directory.ts";

const dir = testFolder();
const encoder = { patchSize: 8, embedDim: 32, depth: 2, numHeads: 2 };
const small = { inputSize: 32, encoder };
const pretrainRecipe = (settings: object = {}): PretrainRecipe =>
  parseRecipe(pretrainSchema, {
    ...small,
    steps: 6,
    batchSize: 8,
    decoder: { embedDim: 16, depth: 1, numHeads: 2 },
    ...settings,
  });
const finetuneRecipe = (settings: object = {}): FinetuneRecipe =>
  parseRecipe(finetuneSchema, { ...small, steps: 6, batchSize: 4, ...settings });

let store: Store;
let split: Split;
before(async () => {
  setNumThreads(1);
  store = await discStore(dir);
  split = splitStores([store], { seed: 1, testFraction: 0.3 });
});

interface Control {
  readonly stopAfter?: number;
  readonly isResumed?: boolean;
}

/** Options of a run in a folder of that name; stopped after some steps if asked to. */
function control(name: string, { stopAfter, isResumed = false }: Control) {
  const controller = new AbortController();
  const events: RunEvent[] = [];
  const listen = (event: RunEvent) => {
    events.push(event);
    if (event.type === "step" && event.step === stopAfter) controller.abort();
  };
  return { name, dir: join(dir, name), isResumed, device: "cpu", listen, signal: controller.signal, events };
}

function runPretrain(name: string, recipe: PretrainRecipe, options: Control = {}) {
  return pretrain({ ...control(name, options), selections: [{ store, cases: store.cases }], recipe });
}

function runFinetune(name: string, recipe: FinetuneRecipe, encoder?: string, options: Control = {}) {
  const train = new Set(split.train);
  const cases = store.cases.filter(({ patient }) => train.has(patient));
  return finetune({
    ...control(name, options),
    selections: [{ store, cases }],
    heldOutPatients: split.test,
    recipe,
    encoder,
  });
}

/** Weights as nested numbers, by name. */
const weights = (path: string) => [...readSafetensors(path).tensors].map(([name, tensor]) => [name, tensor.toNested()]);

for (const method of pretrainMethods) {
  test(`${method}: a run that was stopped and resumed ends with the same bits`, async () => {
    const recipe = pretrainRecipe({ method });
    await runPretrain(`${method}-whole`, recipe);
    const stopped = await runPretrain(`${method}-parts`, recipe, { stopAfter: 2 });
    assert.equal(stopped.isComplete, false);
    assert.equal(existsSync(encoderPath(join(dir, `${method}-parts`))), false);
    const resumed = await runPretrain(`${method}-parts`, recipe, { isResumed: true });
    assert.equal(resumed.isComplete, true);
    const path = (run: string) => encoderPath(join(dir, `${method}-${run}`));
    assert.deepEqual(weights(path("parts")), weights(path("whole")));
    const losses = (run: string) => readMetrics(join(dir, `${method}-${run}`)).map(({ step, loss }) => [step, loss]);
    assert.deepEqual(losses("parts"), losses("whole"));
    assert.equal(losses("whole").length, 6);
    assert.equal(existsSync(checkpointPath(join(dir, `${method}-parts`))), false);
  });
}

test("pre-training lowers its loss, and contrast learns to find the same place", async () => {
  await runPretrain("longer", pretrainRecipe({ steps: 60, learningRate: 3e-3 }));
  const metrics = readMetrics(join(dir, "longer"));
  const mean = (name: string, from: number, to: number) =>
    metrics.slice(from, to).reduce((sum, line) => sum + line[name]! / (to - from), 0);
  assert.ok(mean("mim", 50, 60) < 0.9 * mean("mim", 0, 5), `mim ${mean("mim", 0, 5)} to ${mean("mim", 50, 60)}`);
  assert.ok(mean("acl", 50, 60) < 0.8 * mean("acl", 0, 5), `acl ${mean("acl", 0, 5)} to ${mean("acl", 50, 60)}`);
});

for (const head of ["unet", "vit", "hybrid"] as const) {
  test(`${head}: fine-tuning learns discs, resumes with the same bits, and is measured on held-out patients only`, async () => {
    const recipe = finetuneRecipe({ head, steps: 40, learningRate: 5e-3 });
    const pretrained = head === "unet" ? undefined : join(dir, "mim+acl-whole");
    await runFinetune(`${head}-whole`, recipe, pretrained);
    await runFinetune(`${head}-parts`, recipe, pretrained, { stopAfter: 3 });
    await runFinetune(`${head}-parts`, recipe, pretrained, { isResumed: true });
    assert.deepEqual(weights(modelPath(join(dir, `${head}-parts`))), weights(modelPath(join(dir, `${head}-whole`))));
    const evaluate = async (on: "held-out" | "all") =>
      (await evaluateRun({ dir: join(dir, `${head}-whole`), stores: [store], on, device: "cpu", listen: () => {} }))!;
    const { scores } = await evaluate("held-out");
    assert.deepEqual([...new Set(scores.cases.map(({ patient }) => patient))].sort(), split.test.toSorted());
    assert.ok(scores.dice > 0.6, `Dice ${scores.dice}`);
    const all = await evaluate("all");
    assert.equal(all.scores.cases.length, scores.cases.length, "patients that were learnt from are not measured");
  });
}

test("networks of a comparison see the same crops, however much chance their own weights took", async () => {
  const states: unknown[] = [];
  for (const head of ["unet", "vit", "hybrid"] as const) {
    await runFinetune(`crops-${head}`, finetuneRecipe({ head, steps: 2 }));
    // Behind the weights only crops draw from the generator: equal states are equal crops.
    states.push(generatorState().toNested());
  }
  assert.deepEqual(states[1], states[0]);
  assert.deepEqual(states[2], states[0]);
});

test("a folder with a run in it, and a checkpoint of other settings, are refused", async () => {
  const recipe = pretrainRecipe();
  await runPretrain("taken", recipe, { stopAfter: 2 });
  await assert.rejects(runPretrain("taken", recipe), { code: "ERR_RUN_EXISTS", hint: /--resume/ });
  await assert.rejects(runPretrain("taken", pretrainRecipe({ maskRatio: 0.5 }), { isResumed: true }), {
    code: "ERR_RUN_SETTINGS",
    hint: /maskRatio was 0.75 and is 0.5/,
  });
  const deeper = pretrainRecipe({ encoder: { ...encoder, depth: 3 } });
  await assert.rejects(runPretrain("taken", deeper, { isResumed: true }), {
    code: "ERR_RUN_SETTINGS",
    hint: /encoder\.depth was 2 and is 3/,
  });
});

test("fine-tuning does not go on when the same patients have other images", async () => {
  const recipe = finetuneRecipe({ head: "unet" });
  const options = { heldOutPatients: [], recipe, encoder: undefined };
  const first = [{ store, cases: store.cases }];
  await finetune({ ...options, ...control("regrown", { stopAfter: 2 }), selections: first });
  const second = [{ store, cases: store.cases.slice(1) }]; // each patient has two
  await assert.rejects(finetune({ ...options, ...control("regrown", { isResumed: true }), selections: second }), {
    code: "ERR_RUN_SETTINGS",
    hint: /images was 20 and is 19/,
  });
});

test("a finished run is not passed off as one of other settings", async () => {
  await assert.rejects(runPretrain("mim-whole", pretrainRecipe({ method: "mim", steps: 9 }), { isResumed: true }), {
    code: "ERR_RUN_SETTINGS",
    hint: /recipe\.steps was 6 and is 9/,
  });
  const again = await runPretrain("mim-whole", pretrainRecipe({ method: "mim" }), { isResumed: true });
  assert.equal(again.isComplete, true);
});

test("a damaged checkpoint is an error that says how to go on", async () => {
  await runPretrain("damaged", pretrainRecipe(), { stopAfter: 2 });
  const path = checkpointPath(join(dir, "damaged"));
  const bytes = readFileSync(path);
  const renamed = Buffer.from(bytes);
  renamed.write("X", renamed.indexOf("generator.cpu"));
  for (const damaged of [bytes.subarray(0, bytes.length - 100), bytes.subarray(0, 20), Buffer.alloc(64), renamed]) {
    writeFileSync(path, damaged);
    await assert.rejects(runPretrain("damaged", pretrainRecipe(), { isResumed: true }), {
      code: "ERR_CHECKPOINT_DAMAGED",
      hint: /Delete .*checkpoint\.safetensors/,
    });
  }
});

test("of a checkpoint that was cut off, the one before it is used, and said", async () => {
  const recipe = pretrainRecipe({ steps: 8, checkpointEverySteps: 2 });
  await runPretrain("cut-whole", recipe);
  await runPretrain("cut", recipe, { stopAfter: 5 });
  const path = checkpointPath(join(dir, "cut"));
  writeFileSync(path, readFileSync(path).subarray(0, 4000));
  const options = control("cut", { isResumed: true });
  await pretrain({ ...options, selections: [{ store, cases: store.cases }], recipe });
  const [warning] = options.events.filter(({ type }) => type === "note");
  assert.match(JSON.stringify(warning), /checkpoint\.safetensors.*going on from the checkpoint before it, of step 4/);
  assert.deepEqual(weights(encoderPath(join(dir, "cut"))), weights(encoderPath(join(dir, "cut-whole"))));
});

test("a checkpoint that was whole but not yet in its place is found", async () => {
  const recipe = pretrainRecipe({ steps: 4 });
  await runPretrain("moved-whole", recipe);
  await runPretrain("moved", recipe, { stopAfter: 2 });
  renameSync(checkpointPath(join(dir, "moved")), checkpointPath(join(dir, "moved"), "next"));
  const { events, ...options } = control("moved", { isResumed: true });
  await pretrain({ ...options, selections: [{ store, cases: store.cases }], recipe });
  assert.deepEqual(
    events.flatMap((event) => (event.type === "start" ? event.firstStep : [])),
    [2],
  );
  assert.deepEqual(weights(encoderPath(join(dir, "moved"))), weights(encoderPath(join(dir, "moved-whole"))));
});

test("two runs into one folder are refused", async () => {
  const recipe = pretrainRecipe({ steps: 4 });
  const options = control("twice", {});
  let second: Promise<unknown> | undefined;
  const listen = (event: RunEvent) => {
    if (event.type === "step")
      second ??= assert.rejects(runPretrain("twice", recipe, { isResumed: true }), { code: "ERR_RUN_BUSY" });
  };
  const run = await pretrain({ ...options, listen, selections: [{ store, cases: store.cases }], recipe });
  await second;
  assert.ok(run.isComplete && second !== undefined);
});

test("a run ends before its time is up, with a checkpoint, and goes on from it", async () => {
  const recipe = pretrainRecipe({ steps: 4 });
  const options = { ...control("late", {}), selections: [{ store, cases: store.cases }], recipe };
  const timeLimitSeconds = performance.now() / 1000 + 0.5; // less than what is kept in reserve
  const stopped = await pretrain({ ...options, timeLimitSeconds });
  assert.equal(stopped.isComplete, false);
  assert.ok(existsSync(checkpointPath(options.dir)));
  const resumed = await pretrain({ ...options, isResumed: true });
  assert.ok(resumed.isComplete);
});

test("microsteps add up to the gradient of one step", async () => {
  const norms = async (name: string, settings: object) => {
    await runPretrain(name, pretrainRecipe({ method: "mim", steps: 1, batchSize: 16, ...settings }));
    return readMetrics(join(dir, name)).map(({ loss, gradientNorm }) => [loss!, gradientNorm!] as const)[0]!;
  };
  const [whole, parts] = [await norms("micro-1", {}), await norms("micro-4", { accumulationSteps: 4 })];
  // Crops and masks are drawn part by part, so the numbers are near, not equal; without the mean they would be 4 times as large.
  assert.ok(Math.abs(whole[0] - parts[0]) < 0.2, `${whole} ${parts}`);
  assert.ok(parts[1] / whole[1] > 0.6 && parts[1] / whole[1] < 1.6, `${whole} ${parts}`);
  await assert.rejects(norms("micro-3", { accumulationSteps: 3 }), { code: "ERR_RANKS", hint: /batchSize=/ });
});

test("what kills left half written is cleared away, and probes of steps that are done again", async () => {
  const recipe = pretrainRecipe({ steps: 4 });
  await runPretrain("littered", recipe, { stopAfter: 2 });
  const at = (name: string) => join(dir, "littered", name);
  writeFileSync(at("checkpoint.next.safetensors.123.part"), "half");
  writeFileSync(at("probe.jsonl"), '{"step":1,"dice":0.5}\n{"step":3,"dice":0.6}\n{"step":4,"di');
  await runPretrain("littered", recipe, { isResumed: true });
  assert.equal(existsSync(at("checkpoint.next.safetensors.123.part")), false);
  assert.equal(readFileSync(at("probe.jsonl"), "utf8"), '{"step":1,"dice":0.5}\n');
});

test("the running mean of the weights is what is written, and resumes", async () => {
  const recipe = pretrainRecipe({ emaDecay: 0.9 });
  await runPretrain("mean-whole", recipe);
  await runPretrain("mean", recipe, { stopAfter: 3 });
  await runPretrain("mean", recipe, { isResumed: true });
  assert.deepEqual(weights(encoderPath(join(dir, "mean"))), weights(encoderPath(join(dir, "mean-whole"))));
  assert.notDeepEqual(weights(encoderPath(join(dir, "mean"))), weights(encoderPath(join(dir, "mim+acl-whole"))));
});

test("steps that can be read are kept when a line of metrics is damaged", () => {
  const path = join(dir, "metrics");
  mkdirSync(path);
  writeFileSync(
    join(path, "metrics.jsonl"),
    '{"step":1,"loss":2}\n\0\0\0"loss":1}\n{"step":3,"loss":1}\n{"step":4,"lo',
  );
  assert.deepEqual(readMetrics(path), [
    { step: 1, loss: 2 },
    { step: 3, loss: 1 },
  ]);
});

test("a full disk is told with the file that did not fit", { skip: process.platform !== "linux" }, () => {
  assert.throws(() => appendToFile("/dev/full", "x"), { code: "ENOSPC", path: "/dev/full" });
});

test("a full disk while training leaves metrics and checkpoint as they were", async () => {
  await runPretrain("full", pretrainRecipe(), { stopAfter: 2 });
  const path = checkpointPath(join(dir, "full"));
  const before = readFileSync(path);
  const events: RunEvent[] = [];
  const options = control("full", { stopAfter: 3, isResumed: true });
  const listen = (event: RunEvent) => {
    if (event.type === "start") mkdirSync(`${checkpointPath(join(dir, "full"), "next")}.${process.pid}.part`); // no file can be made there
    events.push(event);
    options.listen(event);
  };
  const selections = [{ store, cases: store.cases }];
  await assert.rejects(pretrain({ ...options, listen, selections, recipe: pretrainRecipe() }), { code: "EISDIR" });
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(
    readMetrics(join(dir, "full")).map(({ step }) => step),
    [1, 2, 3],
  );
  assert.equal(events.at(-1)?.type, "done", "the progress line is closed");
});

test("an unfinished or foreign encoder is refused", async () => {
  await assert.rejects(runFinetune("f1", finetuneRecipe(), join(dir, "taken")), { code: "ERR_RUN_INCOMPLETE" });
  await assert.rejects(runFinetune("f2", finetuneRecipe(), dir), { code: "ERR_RUN_MISSING" });
  await assert.rejects(runFinetune("f3", finetuneRecipe({ head: "unet" }), join(dir, "mim-whole")), {
    code: "ERR_HEAD_UNET",
  });
});

test("an encoder goes on at another input size, and one of another maker brings its tokens along", async () => {
  const resized = await runFinetune("f4", finetuneRecipe({ inputSize: 64, steps: 1 }), join(dir, "mim-whole"));
  assert.equal(resized.recipe.encoder.patchSize, small.encoder.patchSize);

  const path = join(dir, "dinov2.safetensors");
  const checkpoint = join(import.meta.dirname, "../fixtures/vit-dinov2.pth");
  const { encoder, config } = loadEncoder(checkpoint, { numHeads: 2 });
  saveEncoder(path, encoder);
  const imported = await runFinetune("f5", finetuneRecipe({ head: "vit", steps: 1 }), path);
  assert.deepEqual([imported.recipe.encoder, imported.encoder], [config, path]);
  const { network } = loadSegmenter(join(dir, "f5"), "cpu");
  assert.ok(network instanceof ViTSegmenter);
  assert.deepEqual(network.encoder.regToken?.shape, [1, 2, 16]);
  // One small step away from the weights that it started with.
  const moved = network.encoder.regToken!.sub(encoder.regToken!).abs().amax().item();
  assert.ok(moved > 0 && moved < 0.01, `${moved}`);
});

test("a run that diverges stops, names the step and keeps the last checkpoint", async () => {
  const wild = pretrainRecipe({
    method: "mim",
    steps: 50,
    learningRate: 1e30,
    warmupFraction: 0,
    checkpointEverySteps: 1,
  });
  await runPretrain("exploding", wild, { stopAfter: 1 });
  const path = checkpointPath(join(dir, "exploding"));
  await assert.rejects(runPretrain("exploding", wild, { isResumed: true }), {
    code: "ERR_DIVERGED",
    message: /at step \d+/,
    hint: /learning rate is too high.*last good checkpoint is kept/,
  });
  const steps = readMetrics(join(dir, "exploding"));
  assert.ok(steps.length > 0 && steps.every(({ loss }) => Number.isFinite(loss)));
  assert.equal(JSON.parse(readSafetensors(path).metadata["state"]!).step, steps.length, "of the last good step");
});

test("steps leave no tensors behind", async () => {
  const counts: number[] = [];
  const options = control("memory", {});
  await pretrain({
    ...options,
    selections: [{ store, cases: store.cases }],
    recipe: pretrainRecipe({ steps: 30 }),
    listen: (event) => {
      if (event.type === "step") counts.push(memoryStats().tensors);
    },
  });
  assert.equal(counts.at(-1), counts[1]);
});
