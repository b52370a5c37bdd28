import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testFolder } from "../testing/disc-store.ts";
import { parseArm, parseArms } from "./arms.ts";

test("arms name a start and, if not the study's, a head", () => {
  const random = { method: undefined, weights: undefined, isSemi: false };
  assert.deepEqual(parseArm("mim+acl@vit", "hybrid"), { ...random, id: "mim+acl@vit", head: "vit", method: "mim+acl" });
  assert.deepEqual(parseArm("scratch", "hybrid"), { ...random, id: "scratch", head: "hybrid" });
  assert.deepEqual(parseArm("unet", "hybrid"), { ...random, id: "unet", head: "unet" });
  const semi = { ...random, isSemi: true };
  assert.deepEqual(parseArm("semi:mim@vit", "hybrid"), { ...semi, id: "semi:mim@vit", head: "vit", method: "mim" });
  assert.deepEqual(parseArm("semi:unet", "hybrid"), { ...semi, id: "semi:unet", head: "unet" });
  for (const id of [
    "semi:",
    "semi:mae",
    "semi:semi:mim",
    "unet@vit",
    "mae",
    "mim@",
    "scratch@unet",
    "imported:",
    "imported:../x",
    "weights=",
  ])
    assert.throws(() => parseArm(id, "vit"), { code: "ERR_ARM" }, id);
});

test("imported weights are an arm by their name or by their file's", () => {
  const path = join(testFolder(), "mae base.pth");
  writeFileSync(path, "");
  const weights = { method: undefined, weights: path, isSemi: false };
  assert.deepEqual(parseArm("imported:mae@vit", "hybrid", { mae: path }), {
    ...weights,
    id: "imported:mae@vit",
    head: "vit",
  });
  assert.deepEqual(parseArm(`weights=${path}`, "vit"), { ...weights, id: "imported:mae-base", head: "vit" });
  assert.throws(() => parseArm("imported:other", "vit", { mae: path }), {
    code: "ERR_ARM",
    hint: /--weights other=PATH/,
  });
  assert.throws(() => parseArm("weights=nowhere.pth", "vit"), {
    code: "ERR_ARM",
    message: /nowhere\.pth is not there/,
  });
  assert.throws(() => parseArms([`weights=${path}`, "imported:mae-base"], "vit", { "mae-base": path }), {
    code: "ERR_ARM",
    message: /would share the folders/,
  });
});
