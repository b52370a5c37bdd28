import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { finetuneSchema, parseRecipe, pretrainSchema } from "@medssl/contract";
import { loadRecipe, recipeNames } from "@medssl/learn";
import { recipePage } from "../scripts/recipe-page.ts";

test("docs/recipes.md says what the schemas and recipe files say", () => {
  const page = readFileSync(new URL("../docs/recipes.md", import.meta.url), "utf8");
  assert.equal(page, recipePage(), "run: npm run docs");
});

test("every field has a sentence, values and a default; nested ones the path of --set", () => {
  const rows = recipePage().match(/^\| `[a-zA-Z.]+` .*$/gm) ?? [];
  for (const row of rows) assert.doesNotMatch(row, /undefined|\| +\|/, row);
  assert.match(recipePage(), /\| `encoder\.patchSize` +\| `16` +\| whole number >= 1 +\| Side of a patch/);
  assert.match(recipePage(), /\| `learningRate` +\| `null` +\| number > 0 or null +\|/);
  assert.match(recipePage(), /\| `maskRatio` +\| `0\.75` +\| number between 0 and 1 +\|/);
});

test("the named recipes fit their schemas", () => {
  for (const name of recipeNames("pretrain")) parseRecipe(pretrainSchema, loadRecipe("pretrain", name));
  for (const name of recipeNames("finetune")) parseRecipe(finetuneSchema, loadRecipe("finetune", name));
});
