import assert from "node:assert/strict";
import { rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { ingest, openStore, readCase, type Store } from "@medssl/datasets";
import { writeNifti } from "@medssl/imaging";
import { scope, stack } from "@medssl/torch";
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

/** A store of one volume of which slices 3 and 4 are blank; each pixel's value tells its slice. */
async function volumeStore(depth: number): Promise<Store> {
  const folder = testFolder();
  const isBlank = (z: number) => z === 3 || z === 4;
  const data = Int16Array.from({ length: depth * 32 * 32 }, (_, i) => {
    const z = Math.floor(i / (32 * 32));
    return isBlank(z) || i % 32 < 16 ? -1000 : 10 * z;
  });
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  await writeNifti(join(folder, "ct_train_1001_image.nii.gz"), {
    shape: [depth, 32, 32],
    channels: 1,
    data,
    meaning: "hounsfield",
    affine,
  });
  const dir = join(folder, "store");
  await ingest([folder], { store: dir, width: 32, height: 32, layout: "mm-whs" }, () => {});
  return openStore(dir);
}

test("neighbouring slices come as channels: from the store, whatever is selected; the nearest where one is missing", async () => {
  const volume = await volumeStore(8);
  const numbers = volume.query<{ slice: number }>("SELECT slice FROM cases ORDER BY number").map(({ slice }) => slice);
  assert.deepEqual(numbers, [0, 1, 2, 5, 6, 7], "blank slices are left out");
  /** Slices that a sample of the case of slice `z` shows. */
  const shown = (z: number, contextSlices: number) => {
    const set = new ImageSet([{ store: volume, cases: [volume.cases[numbers.indexOf(z)]!] }]);
    const images = set.images([0], "cpu", contextSlices);
    assert.deepEqual(images.shape, [1, 2 * contextSlices + 1, 32, 32]);
    // Tissue lies on the left for the eye.
    const values = images.select(3, 4).select(2, 16).contiguous().toTypedArray() as Float32Array;
    return Array.from(values, (value) => Math.round((value * 425 - 175) / 10));
  };
  assert.deepEqual(shown(1, 1), [0, 1, 2]);
  assert.deepEqual(shown(0, 2), [0, 0, 0, 1, 2], "beyond the first slice");
  assert.deepEqual(shown(7, 2), [5, 6, 7, 7, 7], "beyond the last");
  assert.deepEqual(shown(2, 3), [0, 0, 1, 2, 2, 5, 5], "3 is nearest to 2, 4 to 5");
  assert.deepEqual(shown(6, 2), [5, 5, 6, 7, 7], "4 is nearest to 5");
});

test("a batch of volumes and pictures: every sample its own neighbours, in order; a picture is its own", async () => {
  const volume = await volumeStore(8);
  const set = new ImageSet([
    { store, cases: store.cases.slice(0, 1) },
    { store: volume, cases: volume.cases },
  ]);
  scope(() => {
    const alone = set.images([0, 1, 2, 3]);
    const samples = set.images([2, 0], "cpu", 1);
    const slices = [1, 2, 3, 0, 0, 0].map((index) => alone.select(0, index).squeeze(0));
    assert.equal(samples.flatten(0, 1).sub(stack(slices)).abs().amax().item(), 0);
  });
});
