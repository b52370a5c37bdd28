import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseLabels } from "@medssl/datasets";
import { type Affine, encodeNifti, writePng } from "@medssl/imaging";
import { testFolder } from "../testing/disc-store.ts";
import { type CompareMasksOptions, compareMasks } from "./compare-masks.ts";

const dir = testFolder();

async function picture(path: string, values: readonly number[], width = 4): Promise<void> {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  const height = values.length / width;
  await writePng(join(dir, path), { width, height, channels: 1, data: Uint8Array.from(values) });
}

const compare = (name: string, options: Partial<CompareMasksOptions> = {}) =>
  compareMasks(join(dir, name, "p"), join(dir, name, "r"), { listen: () => {}, ...options });

test("pairs have the same name, whatever suffix, folder or extension; others are listed", async () => {
  const half = [255, 255, 0, 0, 255, 255, 0, 0];
  await picture("names/r/one/a_mask.png", half);
  await picture("names/p/one/a.png", [255, 0, 0, 0, 255, 0, 0, 0]);
  await picture("names/r/b.png", half);
  await picture("names/p/deep/b-seg.png", half);
  await picture("names/r/alone.png", half);
  await picture("names/p/other.png", half);
  await picture("names/p/small.png", half.slice(0, 4));
  await picture("names/r/small.png", half);
  await picture("names/p/strange.png", [7, 0, 0, 0]);
  await picture("names/r/strange.png", [255, 0, 0, 0]);
  await picture("names/r/broken.png", half);
  writeFileSync(join(dir, "names/p/broken.png"), "no picture");
  const { scores, problems, isComplete } = await compare("names");
  assert.equal(isComplete, true);
  assert.deepEqual(
    scores.cases.map((one) => [one.case, one.dice]),
    [
      ["b", 1],
      ["one/a", 2 / 3],
    ],
  );
  const reasons = new Map(problems.map(({ file, reason }) => [file.slice(dir.length + 1), reason]));
  assert.match(reasons.get("names/r/alone.png")!, /no prediction of its name/);
  assert.match(reasons.get("names/p/other.png")!, /no reference of its name/);
  assert.match(reasons.get("names/p/small.png")!, /4x1 pixels.*4x2 pixels/);
  assert.match(reasons.get("names/p/strange.png")!, /values that are no labels: 7/);
  assert.match(reasons.get("names/p/broken.png")!, /expected an image/);
  assert.equal(problems.length, 5);
});

test("beside an image of the same name, the file that is named as a mask is the mask", async () => {
  await picture("mixed/r/a.png", [9, 31, 8, 200]);
  await picture("mixed/r/a_gt.png", [255, 0, 0, 0]);
  await picture("mixed/p/a.png", [255, 0, 0, 0]);
  const { scores, problems } = await compare("mixed");
  assert.deepEqual(problems, []);
  assert.equal(scores.dice, 1);
});

test("values by name; ignored pixels count nowhere; distances only with a spacing", async () => {
  await picture("named/r/a.png", [10, 10, 0, 0, 20, 0, 0, 99]);
  await picture("named/p/a.png", [10, 0, 0, 0, 20, 0, 0, 20]);
  const rule = parseLabels("rv=10,lv=20,ignore=99");
  const { scores } = await compare("named", { rule });
  assert.deepEqual(
    scores.classes.map(({ label, dice, hd95Mm }) => [label, dice, hd95Mm]),
    [
      ["rv", 2 / 3, undefined],
      ["lv", 1, undefined],
    ],
  );
  assert.match(scores.notes![0]!, /None of the 1 cases.*--spacing/);
  const spaced = await compare("named", { rule, assumedSpacing: [0.5] });
  assert.equal(spaced.scores.classes[0]!.hd95Mm, 0.475, "95% of the way from 0 to 0.5");
  assert.equal(spaced.scores.notes!.length, 1);
  assert.match(spaced.scores.notes![0]!, /None of the 1 cases.*--spacing was taken.*with 1 it is a pixel/);
});

const straight: Affine = [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1];
/** The same places, x the other way round. */
const mirrored: Affine = [-2, 0, 0, 6, 0, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1];
const moved: Affine = [2, 0, 0, 1, 0, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1];

function volume(path: string, data: Uint8Array, affine: Affine): void {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), encodeNifti({ shape: [2, 3, 4], channels: 1, meaning: "relative", data, affine }));
}

test("volumes on their own grid: turned where they lie the other way round, refused where they lie elsewhere", async () => {
  const truth = Uint8Array.from({ length: 24 }, (_, i) => (i % 4 < 2 ? 1 : 0));
  const turned = truth.map((_, i) => truth[i - (i % 4) + 3 - (i % 4)]!);
  for (const name of ["same", "turned", "moved"]) volume(`grids/r/${name}.nii`, truth, straight);
  volume("grids/p/same.nii", truth, straight);
  volume("grids/p/turned.nii", turned, mirrored);
  volume("grids/p/moved.nii", truth, moved);
  const { scores, problems } = await compare("grids", { rule: parseLabels("liver") });
  assert.deepEqual(
    scores.cases.map((one) => [one.case, one.dice, one.classes[0]!.hd95Mm, one.classes[0]!.truthMl]),
    [
      ["same", 1, 0, 0.24],
      ["turned", 1, 0, 0.24],
    ],
  );
  assert.match(problems[0]!.reason, /moved\.nii lies up to 1\.00 mm/);
});

test("a file with a folder, and an empty folder, are mistakes", async () => {
  await picture("wrong/p.png", [0, 0, 0, 0]);
  mkdirSync(join(dir, "wrong/empty"));
  const options = { listen: () => {} };
  const at = (name: string) => join(dir, "wrong", name);
  await assert.rejects(compareMasks(at("p.png"), at("empty"), options), { code: "ERR_MASKS_MISSING" });
  await assert.rejects(compareMasks(at("none"), at("p.png"), options), { code: "ERR_MASKS_MISSING" });
  await assert.rejects(compareMasks(at("empty"), at("empty"), options), { code: "ERR_MASKS_EMPTY" });
  const { scores } = await compareMasks(at("p.png"), at("p.png"), options);
  assert.deepEqual(scores.cases[0], { case: "p", patient: "p", dice: 1, iou: 1, classes: [] });
});
