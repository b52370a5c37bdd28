import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { caseValues } from "../testing/case-values.ts";
import { readCase } from "./case-pixels.ts";
import { openStore } from "./store.ts";
import { StoreWriter } from "./store-writer.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-store-"));
test.after(() => rmSync(root, { recursive: true }));

const size = { width: 9, height: 8 };

function newWriter(dir: string, rowsPerShard = 100): StoreWriter {
  const writer = new StoreWriter(dir, { shardBytes: (rowsPerShard + 0.5) * 72 });
  writer.agreeOnRecipes(size, true);
  return writer;
}

function add(writer: StoreWriter, source: number, i: number, recipe: "picture" | "ct", labels?: Uint8Array): void {
  const pixels = recipe === "ct" ? new Int16Array(72) : new Uint8Array(72);
  pixels[5] = i;
  writer.add({ values: caseValues(`s/${i}`, { source, recipe, patient: `p${i}` }), pixels, labels });
}

test("shards are filled one after another, each with a mask file when one of its cases has a mask", () => {
  const dir = join(root, "shards");
  const writer = newWriter(dir, 4);
  const source = writer.catalog.saveSource("s", "folder", "names");
  const mask = new Uint8Array(72).fill(5, 5, 6);
  for (let i = 0; i < 6; i++) add(writer, source, i, "picture", i === 5 ? mask : undefined);
  writer.finish();
  writer.close();
  const store = openStore(dir);
  assert.deepEqual(
    store.cases.map(({ shard, row }) => [shard, row]),
    [0, 1, 2, 3, 4, 5].map((i) => [Math.floor(i / 4), i % 4]),
  );
  assert.deepEqual(
    store.shards.map(({ count, maskPath }) => [count, maskPath]),
    [
      [4, undefined],
      [2, join(dir, "masks", "0001-picture-9x8.npy")],
    ],
  );
  assert.equal(readCase(store, store.cases[4]!).image.data[5], 4);
  assert.equal(readCase(store, store.cases[5]!).labels?.data[5], 5);
  assert.equal(readCase(store, store.cases[4]!).labels, undefined);
});

test("kinds of images lie in files of their own, and a store that is opened again goes on in them", () => {
  const dir = join(root, "kinds");
  for (const start of [0, 3]) {
    const writer = newWriter(dir);
    const source = writer.catalog.saveSource("s", "folder", "names");
    for (let i = start; i < start + 3; i++) add(writer, source, i, i % 2 === 0 ? "ct" : "picture");
    writer.finish();
    writer.close();
  }
  const store = openStore(dir);
  assert.deepEqual(
    store.shards.map(({ recipe, count }) => [recipe.dtype, count]),
    [
      ["int16", 3],
      ["uint8", 3],
    ],
  );
  assert.deepEqual(
    store.cases.map((one) => readCase(store, one).image.data[5]),
    [0, 1, 2, 3, 4, 5],
  );
  assert.ok(readCase(store, store.cases[4]!).image.data instanceof Int16Array);
  assert.equal(store.info.cases, 6);
  assert.deepEqual(Object.keys(store.info.statistics), ["ct", "picture"]);
});

test("a store that was made with other wishes says what it holds", () => {
  const dir = join(root, "wishes");
  const first = newWriter(dir);
  first.commit();
  first.close();
  const writer = new StoreWriter(dir);
  const refuse = () => writer.agreeOnRecipes({ ...size, fit: "pad" }, true);
  assert.throws(refuse, { code: "ERR_STORE_RECIPE", message: /as 9x8 luma squash uint8, asked for was 9x8 luma pad/ });
  writer.close();
});

test("X-rays are cropped where they are alone, and padded where masks must not be cut", () => {
  for (const [hasMasks, fit] of [
    [false, "crop"],
    [true, "pad"],
  ] as const) {
    const writer = new StoreWriter(join(root, fit));
    writer.agreeOnRecipes({}, hasMasks);
    assert.deepEqual(writer.recipes.xray, { width: 320, height: 320, fit, channel: "luma", dtype: "uint8" });
    assert.deepEqual(writer.recipes.ct, { width: 512, height: 512, fit: "pad", channel: "luma", dtype: "int16" });
    writer.close();
  }
});

test("what is no store says so and what to do", () => {
  assert.throws(() => openStore(join(root, "none")), {
    code: "ERR_STORE_MISSING",
    hint: /medssl ingest FOLDER --store/,
  });
  const dir = join(root, "foreign");
  newWriter(dir).close();
  assert.throws(() => openStore(dir), { code: "ERR_STORE_INCOMPLETE" });
  writeFileSync(join(dir, "store.json"), "{");
  assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN", message: /store\.json is no JSON/ });
  writeFileSync(join(dir, "store.json"), '{"version": 9}');
  assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN", message: /version 9, this program reads 2/ });
  for (const damaged of ["null", '{"version": 2}']) {
    writeFileSync(join(dir, "store.json"), damaged);
    assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN" });
  }
  writeFileSync(join(dir, "store.json"), JSON.stringify({ version: 2, recipes: {}, labels: [] }));
  writeFileSync(join(dir, "catalog.sqlite"), "no database");
  assert.throws(() => openStore(dir).cases, { code: "ERR_STORE_FOREIGN", message: /catalog\.sqlite cannot be read/ });
});
