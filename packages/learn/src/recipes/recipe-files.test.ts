import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { finetuneSchema, parseRecipe, pretrainSchema } from "@medssl/contract";
import { testFolder } from "../testing/disc-store.ts";
import { describeRecipe, loadRecipe, recipeNames } from "./recipe-files.ts";

test("every named recipe fits its schema and says what it is", () => {
  for (const stage of ["pretrain", "finetune"] as const) {
    for (const name of recipeNames(stage)) {
      parseRecipe(stage === "pretrain" ? pretrainSchema : finetuneSchema, loadRecipe(stage, name));
      assert.match(describeRecipe(stage, name).about, /^[A-Z].*\.$/, name);
    }
  }
});

test("a recipe that extends another changes what it names, within settings too", () => {
  const recipe = parseRecipe(pretrainSchema, loadRecipe("pretrain", "ct"));
  assert.deepEqual([recipe.encoder.embedDim, recipe.encoder.depth, recipe.inputSize], [768, 12, 224]);
  assert.equal(recipe.augmentation.windows.length, 3);
  const path = join(testFolder(), "own.json");
  writeFileSync(path, '{"about": "Mine.", "extends": "ct", "augmentation": {"windowJitter": 0}, "steps": 9}');
  const own = loadRecipe("pretrain", path);
  assert.deepEqual(
    [own["steps"], (own["augmentation"] as { windows: unknown[]; windowJitter: number }).windowJitter],
    [9, 0],
  );
  assert.equal((own["augmentation"] as { windows: unknown[] }).windows.length, 3);
});

test("what is no recipe is refused", () => {
  assert.throws(() => loadRecipe("pretrain", "tinny"), { code: "ERR_RECIPE_NAME", hint: /tiny/ });
  const path = join(testFolder(), "loop.json");
  writeFileSync(path, JSON.stringify({ extends: path }));
  assert.throws(() => loadRecipe("pretrain", path), { code: "ERR_RECIPE_FILE", message: /extends/ });
  writeFileSync(path, "[1]");
  assert.throws(() => loadRecipe("pretrain", path), { code: "ERR_RECIPE_FILE", message: /no object/ });
});
