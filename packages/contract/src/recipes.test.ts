import assert from "node:assert/strict";
import { test } from "node:test";
import { finetuneSchema, parseRecipe, pretrainSchema, withSettings } from "./index.ts";

test("what a recipe leaves out has its default, in nested fields too", () => {
  const recipe = parseRecipe(pretrainSchema, { steps: 5, encoder: { depth: 2 } });
  assert.deepEqual([recipe.steps, recipe.batchSize, recipe.encoder.depth, recipe.encoder.patchSize], [5, 128, 2, 16]);
});

test("wrong, unknown and contradicting settings are named, all at once", () => {
  const settings = { steps: 0, colour: 1, augmentation: { areaMin: 0.9, areaMax: 0.5 } };
  assert.throws(() => parseRecipe(finetuneSchema, settings), { code: "ERR_RECIPE", hint: /docs\/recipes\.md/ });
  assert.throws(() => parseRecipe(finetuneSchema, { steps: 0, encoder: { depth: "x" } }), {
    message: /steps: .*\n {2}encoder\.depth: /,
  });
  assert.throws(() => parseRecipe(finetuneSchema, { colour: 1 }), { message: /colour/ });
  assert.throws(() => parseRecipe(pretrainSchema, { steps: 0 }), { message: /steps: expected at least 1, or conv/ });
  assert.equal(parseRecipe(pretrainSchema, { steps: 0, convolutions: { steps: 1 } }).steps, 0);
  assert.throws(() => parseRecipe(finetuneSchema, { augmentation: { areaMin: 0.9, areaMax: 0.5 } }), {
    message: /augmentation\.areaMin: expected at most areaMax/,
  });
  // Views are upright: their places are what contrast learns from.
  assert.throws(() => parseRecipe(pretrainSchema, { augmentation: { rotation: 0.1 } }), { message: /rotation/ });
});

test("assignments reach nested fields, read JSON, and leave the given settings alone", () => {
  const given = { encoder: { depth: 2 }, steps: 1 };
  const result = withSettings(given, ["encoder.depth=4", "decoder.embedDim=8", "method=mim", "learningRate=null"]);
  assert.deepEqual(result, {
    encoder: { depth: 4 },
    steps: 1,
    decoder: { embedDim: 8 },
    method: "mim",
    learningRate: null,
  });
  assert.deepEqual(given, { encoder: { depth: 2 }, steps: 1 });
  assert.throws(() => withSettings({}, ["steps"]), { code: "ERR_SETTING" });
  withSettings({}, ["__proto__.polluted=1"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
