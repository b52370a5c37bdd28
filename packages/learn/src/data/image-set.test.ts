import assert from "node:assert/strict";
import { rmSync, truncateSync } from "node:fs";
import { before, test } from "node:test";
import { readCase, type Store } from "@medssl/datasets";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { ImageSet, measureStatistics } from "./image-set.ts";

let store: Store;
before(async () => {
  store = await discStore(testFolder());
});

test("rows come in the order that they are asked for, from whichever store", () => {
  const half = (from: number, to: number) => ({ store, cases: store.cases.slice(from, to) });
  const set = new ImageSet([half(0, 3), half(10, 12)]); // two places of mapped memory
  const indices = [4, 0, 3, 2, 0];
  const images = set.images(indices);
  assert.deepEqual(images.shape, [5, 1, 32, 32]);
  const masks = set.masks(indices);
  indices.forEach((index, i) => {
    const { image, labels } = readCase(store, set.cases[index]!);
    assert.deepEqual(images.select(0, i).contiguous().toTypedArray(), image.data);
    assert.deepEqual(masks.select(0, i).contiguous().toTypedArray(), labels?.data);
  });
});

test("a store without a case, or of another size, is refused", () => {
  const cases = store.cases.slice(0, 2);
  assert.throws(() => new ImageSet([{ store, cases: [] }]), { code: "ERR_STORE_EMPTY" });
  const other = { ...store, name: "wide", info: { ...store.info, recipe: { ...store.info.recipe, width: 48 } } };
  const selections = [
    { store, cases },
    { store: other, cases },
  ];
  assert.throws(() => new ImageSet(selections), { code: "ERR_STORE_SIZES", message: /32x32, wide has 48x32/ });
});

test("a store that lost a file, or part of one, is named with what to do", async () => {
  const damaged = await discStore(testFolder(), 2);
  const { imagePath } = damaged.shards[0]!;
  const open = () => new ImageSet([{ store: damaged, cases: damaged.cases }]);
  truncateSync(imagePath, 1000);
  assert.throws(open, { code: "ERR_STORE_DAMAGED", message: /expected \d+ bytes/, hint: /ingest the images again/ });
  rmSync(imagePath);
  assert.throws(open, { code: "ERR_STORE_DAMAGED", message: /npy/ });
});

test("statistics are those of the pixels; blank images have none", async () => {
  const set = new ImageSet([{ store, cases: store.cases }]);
  const pixels = store.cases.flatMap((one) => [...readCase(store, one).image.data]).map((value) => value / 255);
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const std = Math.sqrt(pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length);
  const measured = measureStatistics(set);
  assert.ok(Math.abs(measured.mean - mean) < 1e-9 && Math.abs(measured.std - std) < 1e-9);
  const blank = { count: 2, images: () => set.images([0]).mul(0) } as unknown as ImageSet;
  assert.throws(() => measureStatistics(blank), { code: "ERR_STORE_BLANK" });
});
