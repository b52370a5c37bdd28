import assert from "node:assert/strict";
import { test } from "node:test";
import { describeArm, mainArm } from "./arm.ts";

test("imported weights, other heads and baselines have names, and heads that nobody has described keep theirs", () => {
  const names = ["imported:mae", "imported:mae@vit", "scratch@swin", "auto-unet"].map((id) =>
    describeArm(id, "hybrid"),
  );
  assert.deepEqual(
    names.map(({ name, head, color }) => [name, head, color]),
    [
      ["Imported mae", "hybrid", "imported"],
      ["Imported mae, ViT head", "vit", "imported"],
      ["Scratch, swin", "swin", "scratch"],
      ["Self-configuring U-Net", undefined, "auto-unet"],
    ],
  );
});

test("a baseline is never the arm that the study is about", () => {
  const arms = ["mim", "imported:mae", "unet", "auto-unet", "scratch"].map((id) => describeArm(id, "vit"));
  assert.equal(mainArm(arms)?.id, "imported:mae");
  assert.equal(mainArm(arms.slice(2)), undefined);
});
