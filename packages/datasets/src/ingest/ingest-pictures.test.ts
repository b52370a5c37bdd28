/**
 * The layouts of chest films, fundus photographs and plain folders, from the files on disk to the pixels in the store.
 * Pictures of all names are PNGs but for JSRT's and STARE's: what a file is, is told by its content.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodePng, type Image } from "@medssl/imaging";
import { folderOf } from "../layouts/miniature.ts";
import { sampleImage, sampleMask } from "../sample-folder.ts";
import { readCase } from "../store/case-pixels.ts";
import { openStore, type Store } from "../store/store.ts";
import { ingest } from "./ingest.ts";

const SIZE = 24;
let seed = 0;
const film = () => encodePng(sampleImage(seed++));
const drawn = (value = 255) => encodePng(sampleMask(value));
const blank = () => encodePng({ ...sampleMask(), data: new Uint8Array(SIZE * SIZE) });

/** Ingests into a new store, 24x24; all files that were found are stored. */
async function store(files: Readonly<Record<string, string | Uint8Array | Promise<Uint8Array>>>) {
  const contents = await Promise.all(
    Object.entries(files).map(async ([name, content]) => [name, await content] as const),
  );
  const source = folderOf(Object.fromEntries(contents));
  const dir = join(folderOf({}).root, "store");
  const notes: string[] = [];
  const summary = await ingest(
    [source.root],
    { store: dir, width: SIZE, height: SIZE, workers: 1 },
    (event) => event.type === "note" && notes.push(event.message),
  );
  assert.deepEqual(summary.quarantine, []);
  assert.equal(summary.found, summary.stored);
  const [{ layout = "", masks = 0, patients = 0 } = {}] = summary.sources;
  const labels = summary.labels.map(({ name }) => name).join();
  return {
    told: { layout, stored: summary.stored, masks, patients, labels },
    opened: openStore(dir),
    notes: notes.join("\n"),
  };
}

const valuesOf = (opened: Store, columns: string) =>
  opened
    .query<{ value: unknown }>(`SELECT DISTINCT ${columns} AS value FROM cases ORDER BY 1`)
    .map(({ value }) => value);

/** Share of each label in a case's mask. */
function shares(opened: Store, index = 0): Record<string, number> {
  const data = readCase(opened, opened.cases.filter(({ hasMask }) => hasMask)[index]!).labels!.data;
  const counts = Map.groupBy(data, (label) => label);
  return Object.fromEntries([...counts].map(([label, { length }]) => [label, length / data.length]));
}

test("CheXpert: views, projections, splits; patients of hashed names", async () => {
  const { told, opened } = await store({
    "CheXpert-v1.0-small/train.csv":
      "Path,Sex,Age,Frontal/Lateral,AP/PA\nCheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,F,68,Frontal,AP\n",
    "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg": film(),
    "CheXpert-v1.0-small/train/patient00001/study1/view2_lateral.jpg": film(),
    "CheXpert-v1.0-small/valid/patient64541/study1/view1_frontal.jpg": film(),
  });
  assert.deepEqual(told, { layout: "chexpert", stored: 3, masks: 0, patients: 2, labels: "" });
  assert.deepEqual(valuesOf(opened, "view || ' ' || coalesce(projection, '?') || ' ' || split || ' ' || recipe"), [
    "frontal ? validation xray",
    "frontal AP train xray",
    "lateral ? train xray",
  ]);
});

test("MIMIC-CXR-JPG: packed tables, films without a view are kept", async () => {
  const ids = ["02aa804e-bde0afdd-112c0b34-7bc16630-4e384014", "174413ec-4ec4c1f7-34ea26b7-c5f994f8-79ef1962"];
  const at = (id: string) => `files/p10/p10000032/s50414267/${id}.jpg`;
  const { told, opened, notes } = await store({
    "mimic-cxr-2.0.0-metadata.csv.gz": gzipSync(`dicom_id,ViewPosition\n${ids[0]},LATERAL\n${ids[1]},\n`),
    "mimic-cxr-2.0.0-split.csv": `dicom_id,split\n${ids[0]},test\n${ids[1]},test\n`,
    [at(ids[0]!)]: film(),
    [at(ids[1]!)]: film(),
  });
  assert.deepEqual(told, { layout: "mimic-cxr-jpg", stored: 2, masks: 0, patients: 1, labels: "" });
  assert.deepEqual(valuesOf(opened, "split || view"), [null, "testlateral"]);
  assert.match(notes, /1 films have no ViewPosition/);
  assert.doesNotMatch(JSON.stringify(opened.cases), /02aa804e|10000032/);
});

test("JSRT with SCR: inverted films of 12 bits, five masks of half the size laid over one another", async () => {
  const raw = Buffer.alloc(2 * 2048 * 2048);
  // Left half 0, which is bright, right half 4095.
  for (let i = 0; i < 2048 * 2048; i++) raw.writeUInt16BE(i % 2048 < 1024 ? 0 : 4095, 2 * i);
  const masks = ["left lung", "right lung", "heart", "left clavicle", "right clavicle"];
  const half = (column: (x: number) => boolean): Promise<Uint8Array> =>
    encodePng({
      width: 1024,
      height: 1024,
      channels: 1,
      data: Uint8Array.from({ length: 1024 ** 2 }, (_, i) => (column(i % 1024) ? 255 : 0)),
    });
  const { told, opened } = await store({
    "All247images/JPCLN001.IMG": raw,
    ...Object.fromEntries(
      masks.map((name, i) => [
        `scratch/fold1/masks/${name}/JPCLN001.gif`,
        half((x) => x >= i * 128 && x < i * 128 + 256),
      ]),
    ),
  });
  assert.deepEqual(told, { layout: "jsrt", stored: 1, masks: 1, patients: 1, labels: masks.join() });
  const { image } = readCase(opened, opened.cases[0]!);
  assert.deepEqual([image.data[2], image.data[SIZE - 3]], [255, 0]);
  // Later labels lie on earlier ones: four times an eighth, and the last whole quarter.
  assert.deepEqual(shares(opened), { 0: 0.25, 1: 0.125, 2: 0.125, 3: 0.125, 4: 0.125, 5: 0.25 });
  assert.deepEqual(valuesOf(opened, "stratum || ' ' || spacing_x"), ["nodule 0.175"]);
});

test("Montgomery: left and right lung are one label, black borders go, of the mask as well", async () => {
  const bordered = (inner: Image<Uint8Array>) => {
    const data = new Uint8Array(48 * SIZE);
    for (let i = 0; i < SIZE * SIZE; i++) data[Math.floor(i / SIZE) * 48 + 12 + (i % SIZE)] = inner.data[i]!;
    return encodePng({ width: 48, height: SIZE, channels: 1, data });
  };
  const image = sampleImage(77);
  for (const [i, value] of image.data.entries()) image.data[i] = Math.max(value, 40);
  const rightHalf = sampleMask();
  const leftHalf = { ...rightHalf, data: rightHalf.data.map((value) => 255 - value) };
  const { told, opened } = await store({
    "CXR_png/MCUCXR_0001_1.png": bordered(image),
    "ManualMask/leftMask/MCUCXR_0001_1.png": bordered(rightHalf),
    "ManualMask/rightMask/MCUCXR_0001_1.png": bordered(leftHalf),
  });
  assert.deepEqual(told, { layout: "montgomery", stored: 1, masks: 1, patients: 1, labels: "lungs" });
  assert.deepEqual(shares(opened), { 1: 1 });
  assert.deepEqual(valuesOf(opened, "stratum || width"), ["tuberculosis24"]);
});

test("Shenzhen, and both sets in Kaggle's folder: films without a mask are kept", async () => {
  const shenzhen = {
    "CXR_png/CHNCXR_0001_0.png": film(),
    "masks/CHNCXR_0001_0_mask.png": drawn(),
    "CXR_png/CHNCXR_0002_1.png": film(),
  };
  const one = await store(shenzhen);
  assert.deepEqual(one.told, { layout: "shenzhen", stored: 2, masks: 1, patients: 2, labels: "lungs" });
  assert.match(one.notes, /1 of 2 images have no mask/);
  const both = await store({ ...shenzhen, "CXR_png/MCUCXR_0001_0.png": film(), "masks/MCUCXR_0001_0.png": drawn() });
  assert.deepEqual(both.told, { layout: "kaggle-lungs", stored: 3, masks: 2, patients: 3, labels: "lungs" });
  assert.deepEqual(shares(both.opened, 1), { 0: 0.5, 1: 0.5 });
});

test("DRIVE: the field of view is no mask of vessels; the test half may have none", async () => {
  const { told, opened } = await store({
    "training/images/21_training.tif": film(),
    "training/1st_manual/21_manual1.gif": drawn(),
    "training/mask/21_training_mask.gif": blank(),
    "test/images/01_test.tif": film(),
    "test/mask/01_test_mask.gif": blank(),
  });
  assert.deepEqual(told, { layout: "drive", stored: 2, masks: 1, patients: 2, labels: "vessels" });
  assert.deepEqual(shares(opened), { 0: 0.5, 1: 0.5 });
  assert.deepEqual(valuesOf(opened, "split || has_mask || recipe"), ["test0fundus", "train1fundus"]);
});

test("STARE: packed PPMs, the first observer", async () => {
  const ppm = (image: Image<Uint8Array>) =>
    gzipSync(
      Buffer.concat([
        Buffer.from(`P6\n${SIZE} ${SIZE}\n255\n`),
        Buffer.from([...image.data].flatMap((v) => [v, v, v])),
      ]),
    );
  const { told, opened } = await store({
    "stare-images/im0001.ppm.gz": ppm(sampleImage(1)),
    "labels-ah/im0001.ah.ppm.gz": ppm(sampleMask()),
    "labels-vk/im0001.vk.ppm.gz": ppm({ ...sampleMask(), data: new Uint8Array(SIZE * SIZE) }),
  });
  assert.deepEqual(told, { layout: "stare", stored: 1, masks: 1, patients: 1, labels: "vessels" });
  assert.deepEqual(shares(opened), { 0: 0.5, 1: 0.5 });
  assert.deepEqual(readCase(opened, opened.cases[0]!).image.data, sampleImage(1).data);
});

test("CHASE_DB1: two eyes of a child are one patient, masks are cut at one half", async () => {
  const soft = sampleMask();
  for (let i = SIZE / 2; i < soft.data.length; i += SIZE) [soft.data[i - 1], soft.data[i]] = [100, 160];
  const { told, opened } = await store({
    "Image_01L.jpg": film(),
    "Image_01L_1stHO.png": encodePng(soft),
    "Image_01L_2ndHO.png": blank(),
    "Image_01R.jpg": film(),
    "Image_01R_1stHO.png": drawn(),
  });
  assert.deepEqual(told, { layout: "chase-db1", stored: 2, masks: 2, patients: 1, labels: "vessels" });
  assert.deepEqual(shares(opened), { 0: 0.5, 1: 0.5 });
});

test("HRF: extensions differ, the field of view has three channels", async () => {
  const field = { width: SIZE, height: SIZE, channels: 3 as const, data: new Uint8Array(3 * SIZE * SIZE).fill(255) };
  const { told, opened } = await store({
    "images/01_dr.JPG": film(),
    "manual1/01_dr.tif": drawn(),
    "mask/01_dr_mask.tif": encodePng(field),
    "images/02_h.jpg": film(),
  });
  assert.deepEqual(told, { layout: "hrf", stored: 2, masks: 1, patients: 2, labels: "vessels" });
  assert.deepEqual(valuesOf(opened, "stratum"), ["diabetic retinopathy", "healthy"]);
});

test("a manifest, and a plain folder", async () => {
  const files = { "images/a.png": film(), "masks/a.png": drawn(), "images/b.png": film() };
  const manifest = await store({
    ...files,
    "cases.csv": "image,mask,patient\nimages/a.png,masks/a.png,p1\nimages/b.png,,p1\n",
  });
  assert.deepEqual(manifest.told, { layout: "cases", stored: 2, masks: 1, patients: 1, labels: "foreground" });
  const plain = await store(files);
  assert.deepEqual(plain.told, { layout: "folder", stored: 2, masks: 1, patients: 2, labels: "foreground" });
  assert.deepEqual(shares(plain.opened), { 0: 0.5, 1: 0.5 });
});
