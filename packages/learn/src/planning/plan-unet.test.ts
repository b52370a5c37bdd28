import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { finetuneSchema, parseRecipe } from "@medssl/contract";
import type { RecipeName } from "@medssl/datasets";
import type { Fingerprint } from "./fingerprint.ts";
import { planText, planUNet } from "./plan-unet.ts";

interface TheirPlan {
  readonly name: string;
  readonly side: number;
  readonly images: number;
  readonly structures: number;
  readonly channel: string;
  readonly patch: [number, number];
  readonly batch: number;
  readonly channels: number[];
  readonly strides: [number, number][];
  readonly kernels: [number, number][];
  readonly convs: number[];
  readonly normalization: string[];
}

/** What nnU-Net's own planner answers: fixtures/make-nnunet.py. */
const theirs: readonly TheirPlan[] = JSON.parse(
  readFileSync(new URL("../fixtures/nnunet-plans.json", import.meta.url), "utf8"),
);
const recipe = parseRecipe(finetuneSchema, { head: "auto-unet", batchSize: 1 });

const printOf = (side: number, images: number, structures: number, kind: RecipeName): Fingerprint => ({
  images,
  patients: images,
  height: side,
  width: side,
  kind,
  spacingMm: null,
  foreground: { mean: 0.5, std: 0.2, low: 0.1, high: 0.9 },
  structures: Array.from({ length: structures }, (_, i) => ({ name: `${i}`, share: 0.1, images, widthPx: 20 })),
});

const planOf = ({ side, images, structures, channel }: TheirPlan) =>
  planUNet(printOf(side, images, structures, channel.toLowerCase() as RecipeName), { budget: "full", recipe });

const named = (name: string) => theirs.find((plan) => plan.name === name)!;
/** Where the patch is another on purpose. */
const differing = ["pictures of 2048", "pictures of 200"];

for (const their of theirs.filter(({ name }) => !differing.includes(name))) {
  test(`${their.name}: stages, strides, channels, patch, batch and normalisation are nnU-Net's`, () => {
    const plan = planOf(their);
    assert.deepEqual(plan.unet.channels, their.channels);
    assert.deepEqual(
      plan.unet.strides.map((stride) => [stride, stride]),
      their.strides,
    );
    assert.ok(their.convs.every((count) => count === plan.unet.convsPerStage));
    assert.ok(their.kernels.flat().every((size) => size === 3));
    assert.deepEqual([plan.inputSize, plan.inputSize], their.patch);
    assert.equal(plan.batchSize, their.batch);
    const expected = plan.normalization === "foreground" ? "CTNormalization" : "ZScoreNormalization";
    assert.deepEqual(their.normalization, [expected]);
  });
}

test("where stages do not divide the image, nnU-Net pads; ours stays inside", () => {
  const their = named("pictures of 200");
  const plan = planOf(their);
  assert.deepEqual(their.patch, [224, 224]);
  assert.equal(plan.inputSize, 192);
  assert.deepEqual(plan.unet.channels, their.channels);
});

test("images too large for 8 GB are seen in smaller patches, square ones with us, of no more than nnU-Net's memory", () => {
  const their = named("pictures of 2048");
  const plan = planOf(their);
  assert.ok(plan.inputSize < 2048 && Math.min(...their.patch) < 2048);
  const ratio = plan.inputSize ** 2 / (their.patch[0] * their.patch[1]);
  assert.ok(ratio > 0.7 && ratio < 1.1, `${plan.inputSize} for ${their.patch}`);
  assert.equal(plan.batchSize, 2);
});

test("a patch is divided by its stages, and never loses more than a tenth of the image's side", () => {
  for (let side = 16; side <= 700; side++) {
    const plan = planUNet(printOf(side, 10, 1, "xray"), { budget: "full", recipe });
    const divisor = plan.unet.strides.reduce((product, stride) => product * stride, 1);
    assert.equal(plan.inputSize % divisor, 0, `${side}`);
    assert.ok(plan.inputSize <= side && plan.inputSize >= 0.9 * side, `${side}: ${plan.inputSize}`);
    assert.ok(plan.inputSize / divisor >= 3, `${side}: ${plan.inputSize} / ${divisor}`);
  }
});

test("compact: a quarter of the channels, and the recipe's batch", () => {
  const plan = planUNet(printOf(512, 2000, 2, "ct"), { budget: "compact", recipe: { ...recipe, batchSize: 8 } });
  assert.deepEqual(plan.unet.channels, [8, 16, 32, 64, 128, 128, 128]);
  assert.equal(plan.inputSize, 256);
  assert.equal(plan.batchSize, 8);
  assert.equal(
    planText(plan, "compact"),
    "planned U-Net (compact): 7 stages of 8, 16, 32, 64, 128, 128, 128 channels, patches of 256x256, batch 8, normalised by foreground",
  );
});

test("long runs are trained as nnU-Net trains, short ones with AdamW", () => {
  const of = (steps: number) => {
    const plan = planUNet(printOf(192, 57, 1, "xray"), { budget: "full", recipe: { ...recipe, steps } });
    const { optimizer, schedule, learningRate, weightDecay, warmupSteps, gradientClipNorm } = plan;
    return [optimizer, schedule, learningRate, weightDecay, warmupSteps, gradientClipNorm];
  };
  assert.deepEqual(of(2000), ["sgd", "poly", 1e-2, 3e-5, 0, 12]);
  assert.deepEqual(of(250), ["adamw", "cosine", 3e-3, 0.05, 20, 1]);
});

test("a store that is not square is seen as a whole", () => {
  const wide = { ...printOf(256, 20, 1, "picture"), width: 512 };
  const { inputSize, inference, augmentation } = planUNet(wide, { budget: "full", recipe });
  assert.deepEqual([inputSize, inference.mode, augmentation.areaMax], [256, "whole", 1]);
  const square = planUNet(printOf(512, 20, 1, "picture"), { budget: "compact", recipe });
  assert.deepEqual([square.inputSize, square.inference.mode], [256, "tiles"]);
  // A quarter of the image, zoomed by 0.7 to 1.4.
  assert.ok(Math.abs(square.augmentation.areaMin - 0.25 / 1.96) < 1e-9);
  assert.ok(Math.abs(square.augmentation.areaMax - 0.25 / 0.49) < 1e-9);
});

test("few labels do not make the batch smaller than the recipe's", () => {
  const plan = planUNet(printOf(192, 6, 1, "xray"), { budget: "full", recipe: { ...recipe, batchSize: 8 } });
  assert.equal(named("X-rays of 192, 1% of the labels").batch, 2);
  assert.equal(plan.batchSize, 8);
});

test("images are mirrored and turned upside down where anatomy has no sides alone", () => {
  const of = (kind: RecipeName) => planUNet(printOf(256, 20, 1, kind), { budget: "full", recipe });
  assert.deepEqual([of("fundus").augmentation.flip, of("fundus").inference.flips], [true, "both"]);
  for (const kind of ["xray", "ct", "mr", "picture"] as const) {
    assert.deepEqual([of(kind).augmentation.flip, of(kind).inference.flips], [false, "none"]);
    assert.ok(of(kind).augmentation.rotation < 0.3);
  }
});

test("post-processing is learned where there are validation patients to try it on", () => {
  const of = (fraction: number) => {
    const own = { ...recipe, validation: { ...recipe.validation, fraction } };
    return planUNet(printOf(192, 57, 1, "xray"), { budget: "full", recipe: own }).inference.postProcessing;
  };
  assert.deepEqual([of(0), of(0.2)], ["none", "learned"]);
});

test("a plan is a valid recipe, and leaves steps, seed and validation as they were", () => {
  const own = { ...recipe, steps: 77, seed: 5, validation: { ...recipe.validation, fraction: 0.2 } };
  const planned = parseRecipe(finetuneSchema, {
    ...own,
    ...planUNet(printOf(320, 60, 2, "mr"), { budget: "full", recipe: own }),
  });
  assert.deepEqual([planned.steps, planned.seed, planned.validation.fraction], [77, 5, 0.2]);
});
