import assert from "node:assert/strict";
import { rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { ingest, openStore, readCase, type Store } from "@medssl/datasets";
import { writeNifti } from "@medssl/imaging";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { ImageSet, measureStatistics } from "./image-set.ts";

let store: Store;
before(async () => {
  store = await discStore(testFolder());
});

/** A store of one CT slice, air on one side and soft tissue on the other. */
async function ctStore(size: number): Promise<Store> {
  const folder = testFolder();
  const slice = Int16Array.from({ length: 64 * 64 }, (_, i) => (i % 64 < 32 ? -1000 : 37));
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const scan = { shape: [1, 64, 64], channels: 1, data: slice, meaning: "hounsfield", affine } as const;
  await writeNifti(join(folder, "ct_train_1001_image.nii.gz"), scan);
  const dir = join(folder, "store");
  await ingest([folder], { store: dir, width: size, height: size, layout: "mm-whs" }, () => {});
  return openStore(dir);
}

test("rows come in the order that they are asked for, from whichever store", () => {
  const half = (from: number, to: number) => ({ store, cases: store.cases.slice(from, to) });
  const set = new ImageSet([half(0, 3), half(10, 12)]); // two places of mapped memory
  const indices = [4, 0, 3, 2, 0];
  const images = set.images(indices);
  assert.deepEqual(images.shape, [5, 1, 32, 32]);
  const masks = set.masks(indices);
  indices.forEach((index, i) => {
    const { image, labels } = readCase(store, set.cases[index]!);
    assert.deepEqual(
      images.select(0, i).contiguous().toTypedArray(),
      Float32Array.from(image.data, (v) => v / 255),
    );
    assert.deepEqual(masks.select(0, i).contiguous().toTypedArray(), labels?.data);
  });
});

test("a store without a case is refused, and masks of several sizes", async () => {
  assert.throws(() => new ImageSet([{ store, cases: [] }]), { code: "ERR_STORE_EMPTY" });
  const wide = join(testFolder(), "wide");
  await ingest([join(store.dir, "..", "discs")], { store: wide, width: 48, height: 32 }, () => {});
  const selections = [store, openStore(wide)].map((one) => ({ store: one, cases: one.cases.slice(0, 2) }));
  const set = new ImageSet(selections);
  assert.equal(set.images([3]).size(-1), 32, "without their masks they go together");
  assert.throws(() => set.labels, { code: "ERR_STORE_SIZES", message: /32x32 and 48x32/ });
});

test("CT and pictures of one size are not learned from together: their numbers are of two kinds", async () => {
  const ct = await ctStore(32);
  const set = new ImageSet([store, ct].map((one) => ({ store: one, cases: one.cases.slice(0, 1) })));
  assert.throws(() => set.labels, {
    code: "ERR_STORE_KINDS",
    message: /grey values of 8 bits and Hounsfield units/,
  });
});

test("CT slices train beside pictures: a soft-tissue window, at the first one's size", async () => {
  const ct = await ctStore(64);
  const set = new ImageSet([
    { store, cases: store.cases.slice(0, 1) },
    { store: ct, cases: ct.cases },
  ]);
  const values = set.images([1, 0]).select(0, 0).contiguous().toTypedArray() as Float32Array;
  assert.equal(values.length, 32 * 32);
  // x runs to the patient's right; for the eye a slice is mirrored, so that the tissue lies on the left.
  assert.ok(Math.abs(values[32 * 16 + 4]! - (37 + 175) / 425) < 1e-6);
  assert.equal(values[32 * 16 + 28], 0);
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
  assert.ok(Math.abs(measured.mean - mean) < 1e-7 && Math.abs(measured.std - std) < 1e-7);
  const blank = { count: 2, isHounsfield: () => false, stored: () => set.images([0]).mul(0) } as unknown as ImageSet;
  assert.throws(() => measureStatistics(blank), { code: "ERR_STORE_BLANK" });
});
