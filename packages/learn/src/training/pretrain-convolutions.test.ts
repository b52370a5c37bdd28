import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, type PretrainRecipe, parseRecipe, pretrainSchema } from "@medssl/contract";
import type { Store } from "@medssl/datasets";
import { readSafetensors, setNumThreads } from "@medssl/torch";
import { buildSegmenter } from "../models/build-segmenter.ts";
import { HybridUNet } from "../models/hybrid-unet.ts";
import { loadEncoder } from "../models/load-encoder.ts";
import { namedParameters, stateDict } from "../nn/module.ts";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "./finetune.ts";
import { pretrain } from "./pretrain.ts";
import { convolutionsDir, encoderPath, hybridPath, readMetrics, readRun } from "./run-directory.ts";
import { segmenterOptimizer } from "./segmenter-optimizer.ts";

const dir = testFolder();
const small = { inputSize: 32, encoder: { patchSize: 8, embedDim: 32, depth: 2, numHeads: 2 } };
const STEPS = 4;
const recipeOf = (convolutionSteps: number): PretrainRecipe =>
  parseRecipe(pretrainSchema, {
    ...small,
    steps: STEPS,
    batchSize: 8,
    decoder: { embedDim: 16, depth: 1, numHeads: 2 },
    convolutions: { steps: convolutionSteps, batchSize: 8 },
  });

let store: Store;
before(async () => {
  setNumThreads(1);
  store = await discStore(dir);
});

const at = (name: string) => join(dir, name);

interface Control {
  /** Steps of both parts together. */
  readonly stopAfter?: number;
  readonly isResumed?: boolean;
  readonly init?: string;
}

function run(name: string, recipe: PretrainRecipe, { stopAfter = 0, isResumed = false, init }: Control = {}) {
  const controller = new AbortController();
  let steps = 0;
  return pretrain({
    name,
    dir: at(name),
    selections: [{ store, cases: store.cases }],
    recipe,
    isResumed,
    device: "cpu",
    listen: (event) => {
      if (event.type === "step" && ++steps === stopAfter) controller.abort();
    },
    signal: controller.signal,
    init,
  });
}

const weights = (path: string) => [...readSafetensors(path).tensors].map(([name, tensor]) => [name, tensor.toNested()]);

test("the second part leaves the encoder as it is, learns, and resumes with the same bits wherever it was stopped", async () => {
  await run("without", recipeOf(0));
  const whole = await run("whole", recipeOf(8));
  assert.equal(whole.isComplete, true);
  assert.deepEqual(weights(encoderPath(at("whole"))), weights(encoderPath(at("without"))));
  assert.equal(existsSync(hybridPath(at("without"))), false);
  const losses = (name: string) =>
    readMetrics(convolutionsDir(at(name))).map(({ step, loss }) => [step, loss] as const);
  assert.equal(losses("whole").length, 8);

  for (const stopAfter of [2, STEPS, STEPS + 3]) {
    const name = `stopped-${stopAfter}`;
    const stopped = await run(name, recipeOf(8), { stopAfter });
    assert.equal(stopped.isComplete, false);
    assert.equal(readRun(at(name)).isComplete, false);
    assert.equal((await run(name, recipeOf(8), { isResumed: true })).isComplete, true);
    assert.deepEqual(weights(hybridPath(at(name))), weights(hybridPath(at("whole"))), name);
    assert.deepEqual(losses(name), losses("whole"));
    const left = readdirSync(at(name)).concat(readdirSync(convolutionsDir(at(name))));
    assert.deepEqual(
      left.filter((file) => file.startsWith("checkpoint")),
      [],
    );
  }
});

test("a run without steps of its own lays convolutions around another run's ViT", async () => {
  const recipe = { ...recipeOf(2), steps: 0 };
  await run("around", recipe, { init: at("without") });
  assert.deepEqual(weights(encoderPath(at("around"))), weights(encoderPath(at("without"))));
  const files = readdirSync(at("around"));
  assert.ok(files.includes("hybrid.safetensors"));
  assert.ok(!files.includes("projection.safetensors"), "its projection has learned nothing");
});

test("the hybrid lowers its loss", async () => {
  await run("longer", recipeOf(60));
  const losses = readMetrics(convolutionsDir(at("longer"))).map(({ loss }) => loss!);
  const mean = (from: number, to: number) => losses.slice(from, to).reduce((sum, loss) => sum + loss / (to - from), 0);
  assert.ok(mean(50, 60) < 0.92 * mean(0, 5), `${mean(0, 5)} to ${mean(50, 60)}`);
});

test("a hybrid begins with all of it but its output layer; other heads with the encoder", async () => {
  const file = readSafetensors(hybridPath(at("whole"))).tensors;
  const { convolutions, encoder, config } = loadEncoder(at("whole"), { imageSize: 32, isForHybrid: true });
  const recipe = { ...parseRecipe(finetuneSchema, small), encoder: config };
  const network = buildSegmenter(recipe, 2, { encoder, convolutions });
  assert.ok(network instanceof HybridUNet);
  const fresh = stateDict(network).filter(([name, tensor]) => {
    const given = file.get(name);
    return given === undefined || given.sub(tensor).abs().amax().item() > 0;
  });
  assert.deepEqual(
    fresh.map(([name]) => name),
    ["conv_decoder.out.weight", "conv_decoder.out.bias"],
  );

  const again = loadEncoder(at("whole"), { imageSize: 32, isForHybrid: true });
  const slices = new Map(stateDict(buildSegmenter({ ...recipe, contextSlices: 1 }, 1, again)));
  const stem = "conv_encoder.stem.conv.weight";
  assert.deepEqual(slices.get(stem)!.shape, [16, 3, 3, 3]);
  const apart = slices.get(stem)!.sum([1], true).sub(file.get(stem)!).abs().amax().item();
  assert.ok(apart < 1e-6, "three equal slices make what one slice made");

  const ofFile = loadEncoder(hybridPath(at("whole")), { imageSize: 32, isForHybrid: true });
  assert.equal(ofFile.convolutions!.size, again.convolutions!.size);

  const plain = loadEncoder(at("whole"), { imageSize: 32 });
  assert.equal(plain.convolutions, undefined);
  const ofRun = readSafetensors(encoderPath(at("whole"))).tensors;
  for (const [name, tensor] of stateDict(plain.encoder))
    assert.deepEqual(tensor.toNested(), ofRun.get(name)!.toNested());
});

test("pre-trained convolutions learn at their own rate, new layers at the peak", () => {
  const { convolutions, encoder, config } = loadEncoder(at("whole"), { imageSize: 32, isForHybrid: true });
  const recipe = { ...parseRecipe(finetuneSchema, { ...small, convLearningRateScale: 0.3 }), encoder: config };
  const network = buildSegmenter(recipe, 1, { encoder, convolutions });
  const { groups } = segmenterOptimizer(network, recipe, { convolutions });
  const scales = new Map(
    groups.flatMap(({ parameters, learningRateScale }) => parameters.map(([name]) => [name, learningRateScale])),
  );
  assert.equal(scales.size, namedParameters(network).length);
  assert.equal(scales.get("conv_encoder.stem.conv.weight"), 0.3);
  assert.equal(scales.get("injection.bias"), 0.3);
  assert.equal(scales.get("conv_decoder.out.weight"), 1);
  assert.equal(scales.get("encoder.blocks.1.attn.qkv.weight"), 0.5);
});

test("fine-tuning of a hybrid begins with it, and resumes with the same bits", async () => {
  const recipe = parseRecipe(finetuneSchema, { ...small, steps: 3, batchSize: 4 });
  const tune = (name: string, encoder: string, isResumed = false, signal?: AbortSignal) =>
    finetune({
      name,
      dir: at(name),
      selections: [{ store, cases: store.cases }],
      heldOutPatients: [],
      recipe,
      encoder,
      isResumed,
      device: "cpu",
      listen: () => {},
      signal,
    });
  await tune("tuned", at("whole"));
  await tune("tuned-parts", at("whole"), false, AbortSignal.abort());
  await tune("tuned-parts", at("whole"), true);
  const model = (name: string) => weights(join(at(name), "model.safetensors"));
  assert.deepEqual(model("tuned-parts"), model("tuned"));
  await tune("tuned-without", at("without"));
  const first = (name: string) => readMetrics(at(name))[0]!.loss;
  assert.notEqual(first("tuned"), first("tuned-without"));
});
