import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCase } from "./case-pixels.ts";
import { openStore, type StoreRecipe } from "./store.ts";
import { StoreWriter } from "./store-writer.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-store-"));
test.after(() => rmSync(root, { recursive: true }));

const recipe: StoreRecipe = { width: 8, height: 4, channel: "luma", fit: "squash", dtype: "uint8" };

test("shards are filled one after another, each with a mask file when one of its cases has a mask", () => {
  const dir = join(root, "shards");
  const writer = new StoreWriter(dir, {}, recipe, 4.5 * 8 * 4);
  const source = writer.beginSource(root, ["s"]);
  const pixels = new Uint8Array(8 * 4);
  for (let i = 0; i < 6; i++) {
    pixels[5] = i;
    writer.add({
      id: `s/${i}`,
      patient: `p${i}`,
      source,
      file: `${i}.png`,
      width: 10,
      height: 20,
      imageHash: `hash ${i}`,
      maskFile: i === 5 ? "mask.png" : undefined,
      maskHash: i === 5 ? "mask hash" : undefined,
      pixels,
      labels: i === 5 ? pixels : undefined,
    });
  }
  writer.finish();
  writer.close();
  const store = openStore(dir);
  assert.deepEqual(
    store.cases.map(({ shard, row }) => [shard, row]),
    [0, 1, 2, 3, 4, 5].map((i) => [Math.floor(i / 4), i % 4]),
  );
  assert.deepEqual(
    store.shards.map(({ count, maskPath }) => [count, maskPath === undefined]),
    [
      [4, true],
      [2, false],
    ],
  );
  assert.equal(store.shards[1]?.maskPath, join(dir, "masks", "uint8-8x4-0001.npy"));
  assert.equal(readCase(store, store.cases[4]!).image.data[5], 4);
  assert.equal(readCase(store, store.cases[5]!).labels?.data[5], 5);
  assert.equal(readCase(store, store.cases[4]!).labels, undefined);
});

test("what is no store says so and what to do", () => {
  assert.throws(() => openStore(join(root, "none")), {
    code: "ERR_STORE_MISSING",
    hint: /medssl ingest FOLDER --store/,
  });
  const dir = join(root, "foreign");
  const writer = new StoreWriter(dir, { width: 24, height: 24 }, recipe);
  writer.close();
  assert.throws(() => openStore(dir), { code: "ERR_STORE_INCOMPLETE" });
  writeFileSync(join(dir, "store.json"), "{");
  assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN", message: /store\.json is no JSON/ });
  writeFileSync(join(dir, "store.json"), '{"version": 9}');
  assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN", message: /version 9, this program reads 1/ });
  for (const damaged of ["null", '{"version": 1}']) {
    writeFileSync(join(dir, "store.json"), damaged);
    assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN" });
  }
  writeFileSync(join(dir, "store.json"), JSON.stringify({ version: 1, recipe: {}, labels: [] }));
  writeFileSync(join(dir, "catalog.sqlite"), "no database");
  assert.throws(() => openStore(dir), { code: "ERR_STORE_FOREIGN", message: /catalog\.sqlite cannot be read/ });
});
