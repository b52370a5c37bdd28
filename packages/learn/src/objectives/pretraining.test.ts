import assert from "node:assert/strict";
import { test } from "node:test";
import { type PretrainMethod, parseRecipe, pretrainMethods, pretrainSchema } from "@medssl/contract";
import { manualSeed, randn, scope, tensor, zeros } from "@medssl/torch";
import type { Views } from "../data/views.ts";
import { namedParameters } from "../nn/module.ts";
import { plainViews } from "../testing/plain-views.ts";
import { createObjective, viewsPerImage } from "./pretraining.ts";
import { ALONE } from "./ranks.ts";

const recipeOf = (method: PretrainMethod, settings: object = {}) =>
  parseRecipe(pretrainSchema, {
    method,
    inputSize: 32,
    encoder: { patchSize: 4, embedDim: 16, depth: 1, numHeads: 2 },
    decoder: { embedDim: 8, depth: 1, numHeads: 2 },
    contrast: { warmupSteps: 10, embedDim: 8, ...settings },
  });

/** Of four images, or of two images' two views. */
const viewsOf = (method: PretrainMethod): Views =>
  plainViews(
    randn([4, 1, 32, 32]),
    tensor([
      [0, 0, 0.8, 0.8],
      [0.1, 0, 1, 0.9],
      [0.1, 0.1, 0.9, 0.9],
      [0, 0, 0.9, 0.9],
    ]),
    viewsPerImage(method),
  );

for (const method of pretrainMethods) {
  test(`${method}: a gradient reaches every parameter`, () => {
    manualSeed(0);
    scope(() => {
      const objective = createObjective(recipeOf(method));
      objective.loss(viewsOf(method), 0, ALONE).loss.backward();
      const names = namedParameters(objective);
      assert.ok(names.some(([name]) => name.includes("blocks.0.attn.qkv.weight")));
      for (const [name, { grad }] of names) assert.ok(grad !== undefined && grad.abs().sum().item() > 0, name);
    });
  });
}

for (const settings of [
  { level: "region", regionGrid: 2 },
  { level: "both", regionGrid: 3 },
  { anchorsPerImage: 4 },
  { otherImages: "soft" },
  { loss: "decoupled" },
  { loss: "attract" },
]) {
  test(`contrast with ${JSON.stringify(settings)} teaches the projection`, () => {
    manualSeed(0);
    scope(() => {
      const objective = createObjective(recipeOf("mim+acl", settings));
      const { loss, parts } = objective.loss(viewsOf("mim+acl"), 0, ALONE);
      assert.ok(parts["aclAnchors"]!.item() > 0);
      assert.ok(Number.isFinite(loss.item()));
      loss.backward();
      const head = namedParameters(objective).filter(([name]) => name.startsWith("projection_head"));
      assert.ok(head.every(([, { grad }]) => grad!.abs().sum().item() > 0));
    });
  });
}

test("reconstruction alone has no projection head and no contrast", () => {
  scope(() => {
    const objective = createObjective(recipeOf("mim"));
    const { loss, parts } = objective.loss(viewsOf("mim"), 0, ALONE);
    assert.equal(objective.projectionHead, undefined);
    assert.deepEqual(Object.keys(parts), ["mim"]);
    assert.equal(parts["mim"]!.item(), loss.item());
  });
});

test("the contrast's weight rises linearly to the recipe's", () => {
  scope(() => {
    const objective = createObjective(recipeOf("mim+acl"));
    for (const [step, weight] of [
      [0, 0.01],
      [4, 0.05],
      [9, 0.1],
      [500, 0.1],
    ] as const) {
      const { loss, parts } = objective.loss(viewsOf("mim+acl"), step, ALONE);
      const share = (loss.item() - parts["mim"]!.item()) / parts["acl"]!.item();
      assert.ok(Math.abs(share - weight) < 1e-5, `step ${step}: ${share}`);
    }
  });
});

test("patches that show nothing are no anchors", () => {
  manualSeed(0);
  scope(() => {
    const objective = createObjective(recipeOf("mim+acl"));
    const views = viewsOf("mim+acl");
    const anchors = (images: Views["images"]) =>
      objective.loss({ ...views, images }, 0, ALONE).parts["aclAnchors"]!.item();
    assert.ok(anchors(views.images) > 0);
    assert.equal(anchors(zeros([4, 1, 32, 32])), 0);
  });
});
