import assert from "node:assert/strict";
import { test } from "node:test";
import type { Case, Store } from "@medssl/datasets";
import { anatomyOf } from "./anatomy.ts";

/** A store of which only the catalog's rows are asked for. */
function storeOf(rows: readonly object[]): { store: Store; cases: Case[] } {
  const complete = rows.map((row, i) => ({
    shard: 0,
    row: i,
    view: null,
    location: null,
    item: `item${i}`,
    zMm: null,
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

test("two stores with volumes of one name are two volumes", () => {
  const slices = () => storeOf([{ recipe: "ct", item: "scan", zMm: 5, sideMm: 400 }]);
  const [one, two] = anatomyOf([slices(), slices()]);
  assert.notEqual(one!.heightFrame, two!.heightFrame);
});
