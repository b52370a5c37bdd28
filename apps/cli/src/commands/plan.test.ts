import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe } from "@medssl/contract";

const main = join(import.meta.dirname, "..", "main.ts");
const fixtures = join(import.meta.dirname, "../../../../packages/imaging/src/fixtures");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-plan-"));
test.after(() => rmSync(root, { recursive: true }));

function medssl(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", cwd: root });
  return { status, stdout, stderr };
}

before(() => {
  for (const folder of ["images", "masks"]) mkdirSync(join(root, "source", folder), { recursive: true });
  copyFileSync(join(fixtures, "gray8.png"), join(root, "source", "images", "a.png"));
  copyFileSync(join(fixtures, "bilevel.png"), join(root, "source", "masks", "a_mask.png"));
  const { status, stderr } = medssl("ingest", "source", "--store", "store", "--size", "64x64", "--labels", "disc=255");
  assert.equal(status, 0, stderr);
});

test("fingerprint and plan are shown, and the recipe that is written is one that fine-tuning takes as it is", () => {
  const { status, stdout, stderr } = medssl("plan", "--store", "store", "--out", "unet.json");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^1 images \(picture\) of 1 patients, 64x64 pixels of unknown spacing\n/);
  assert.match(stdout, /\ndisc +\d+\.\d\d% +1 +\d+\.\d\n/);
  assert.match(
    stdout,
    /\nplanned U-Net \(compact\): 5 stages of 8, 16, 32, 64, 128 channels, patches of 64x64, batch 8/,
  );
  const { about, ...recipe } = JSON.parse(readFileSync(join(root, "unet.json"), "utf8"));
  assert.match(about, /^planned U-Net/);
  assert.deepEqual(parseRecipe(finetuneSchema, recipe).unet?.channels, [8, 16, 32, 64, 128]);
});

test("--json prints one object and nothing else", () => {
  const { status, stdout } = medssl("plan", "--store", "store", "--budget", "full", "--json");
  assert.equal(status, 0);
  const { fingerprint, budget, plan } = JSON.parse(stdout);
  assert.deepEqual([fingerprint.images, budget, plan.unet.channels[0]], [1, "full", 32]);
});

test("a share of the labels without a split is refused", () => {
  const { status, stderr } = medssl("plan", "--store", "store", "--labels", "10%");
  assert.equal(status, 1);
  assert.match(stderr, /A share of the labels needs a split that says whose they are\.\n.*medssl split --store store/);
});
