import assert from "node:assert/strict";
import { test } from "node:test";
import { type PretrainRecipe, parseRecipe, pretrainSchema } from "@medssl/contract";
import { manualSeed, randn, scope, tensor } from "@medssl/torch";
import { namedParameters } from "../nn/module.ts";
import { PretrainingModel, pretrainingLoss } from "./pretraining.ts";

const recipeOf = (method: PretrainRecipe["method"]) =>
  parseRecipe(pretrainSchema, {
    method,
    inputSize: 32,
    encoder: { patchSize: 4, embedDim: 16, depth: 1, numHeads: 2 },
    decoder: { embedDim: 8, depth: 1, numHeads: 2 },
    contrast: { warmupSteps: 10, embedDim: 8 },
  });
const boxes = () =>
  tensor([
    [0, 0, 0.8, 0.8],
    [0.1, 0, 1, 0.9],
    [0.1, 0.1, 0.9, 0.9],
    [0, 0, 0.9, 0.9],
  ]);

for (const method of ["mim", "mim+acl"] as const) {
  test(`${method}: a gradient reaches every parameter`, () => {
    manualSeed(0);
    scope(() => {
      const recipe = recipeOf(method);
      const model = new PretrainingModel(recipe);
      pretrainingLoss(model, { images: randn([4, 1, 32, 32]), boxes: boxes() }, recipe, 0).loss.backward();
      for (const [name, { grad }] of namedParameters(model)) {
        assert.ok(grad !== undefined && grad.abs().sum().item() > 0, name);
      }
    });
  });
}

test("reconstruction alone has no projection head and no contrast", () => {
  scope(() => {
    const recipe = recipeOf("mim");
    const model = new PretrainingModel(recipe);
    const { loss, parts } = pretrainingLoss(model, { images: randn([4, 1, 32, 32]), boxes: boxes() }, recipe, 0);
    assert.equal(model.projectionHead, undefined);
    assert.deepEqual(Object.keys(parts), ["mim"]);
    assert.equal(parts["mim"]!.item(), loss.item());
  });
});

test("the contrast's weight rises linearly to the recipe's", () => {
  scope(() => {
    const recipe = recipeOf("mim+acl");
    const model = new PretrainingModel(recipe);
    const images = randn([4, 1, 32, 32]);
    for (const [step, weight] of [
      [0, 0.01],
      [4, 0.05],
      [9, 0.1],
      [500, 0.1],
    ] as const) {
      const { loss, parts } = pretrainingLoss(model, { images, boxes: boxes() }, recipe, step);
      const share = (loss.item() - parts["mim"]!.item()) / parts["acl"]!.item();
      assert.ok(Math.abs(share - weight) < 1e-5, `step ${step}: ${share}`);
      assert.ok(parts["aclAnchors"]!.item() > 0);
    }
  });
});
