import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Case, ingest, openStore, type Store } from "@medssl/datasets";
import { type Scan, writeNifti } from "@medssl/imaging";
import { testFolder } from "../testing/disc-store.ts";
import { anatomyOf, isAsStored } from "./anatomy.ts";

/** A store of which only the catalog's rows are asked for. */
function storeOf(rows: readonly object[]): { store: Store; cases: Case[] } {
  const complete = rows.map((row, i) => ({
    shard: 0,
    row: i,
    view: null,
    location: null,
    item: `item${i}`,
    zMm: null,
    alongStackMm: null,
    sideMm: null,
    ...row,
  }));
  const store = { query: () => complete } as unknown as Store;
  return { store, cases: complete.map(({ shard, row }) => ({ shard, row }) as Case) };
}

test("X-rays are told apart by their view, and have one height", () => {
  const selection = storeOf([
    { recipe: "xray", view: "frontal" },
    { recipe: "xray", view: "lateral" },
    { recipe: "xray" },
  ]);
  const [frontal, lateral, unsaid] = anatomyOf([selection]);
  assert.deepEqual([frontal!.kind, lateral!.kind, unsaid!.kind], ["frontal", "lateral", "frontal"]);
  assert.equal(frontal!.heightFrame, unsaid!.heightFrame);
  assert.notEqual(frontal!.heightFrame, lateral!.heightFrame);
  assert.ok(frontal!.isProjection);
});

test("slices' heights compare within a volume, and throughout DeepLesion", () => {
  const amos = storeOf([
    { recipe: "ct", item: "amos/1", zMm: -120, sideMm: 400 },
    { recipe: "ct", item: "amos/1", zMm: -20, sideMm: 400 },
    { recipe: "ct", item: "amos/2", zMm: -20, sideMm: 400 },
    { recipe: "ct", item: "amos/3" },
  ]);
  const lesions = storeOf([
    { recipe: "ct", item: "a", location: "[0.4,0.5,0.6]", sideMm: 400 },
    { recipe: "ct", item: "b", location: "[0.3,0.5,0.7]", sideMm: 400 },
  ]);
  const [low, high, other, unknown, first, second] = anatomyOf([amos, lesions]);
  assert.equal(low!.heightFrame, high!.heightFrame);
  assert.equal(high!.height - low!.height, 0.25, "100 mm of an image of 400");
  assert.notEqual(high!.heightFrame, other!.heightFrame);
  assert.equal(unknown!.heightFrame, -1);
  assert.equal(first!.heightFrame, second!.heightFrame);
  assert.ok(Math.abs(second!.height - first!.height - 0.25) < 1e-9, "a tenth of a metre of an image of 400 mm");
});

test("where a file does not say how its volume lies, heights are along the stack", () => {
  const stack = storeOf(
    [0, 10, 20].map((alongStackMm) => ({ recipe: "mr", item: "heart", alongStackMm, sideMm: 400 })),
  );
  const slices = anatomyOf([stack]);
  assert.deepEqual([new Set(slices.map(({ heightFrame }) => heightFrame)).size, slices[2]!.height], [1, 0.05]);
});

test("two stores with volumes of one name are two volumes", () => {
  const slices = () => storeOf([{ recipe: "ct", item: "scan", zMm: 5, sideMm: 400 }]);
  const [one, two] = anatomyOf([slices(), slices()]);
  assert.notEqual(one!.heightFrame, two!.heightFrame);
});

test("ACDC's hearts were stored as they are; of other volumes the affine is believed, of pictures nothing is asked", async () => {
  const dir = testFolder();
  const heart: Scan = {
    shape: [3, 8, 8],
    channels: 1,
    data: Uint8Array.from({ length: 192 }, (_, i) => i),
    meaning: "relative",
    affine: [1.5, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 1],
  };
  const select = async (name: string, shape: Scan["shape"]) => {
    const source = join(dir, name);
    mkdirSync(source);
    await writeNifti(join(source, `${name}.nii`), { ...heart, shape, data: heart.data.slice(0, shape[0] * 64) });
    const store = join(dir, `store-${name}`);
    await ingest([source], { store, width: 8, height: 8, workers: 1 }, () => {});
    const opened = openStore(store);
    return { store: opened, cases: opened.cases };
  };
  const acdc = await select("patient001_frame01", [3, 8, 8]);
  const other = await select("scan", [3, 8, 8]);
  assert.equal(isAsStored([acdc]), true);
  assert.equal(isAsStored([{ ...other, cases: [] }, acdc]), true);
  assert.equal(isAsStored([other]), false);
  assert.equal(isAsStored([acdc, other]), false);
  assert.equal(isAsStored([await select("picture", [1, 8, 8])]), false);
});
