import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Files, folderOf, listAll, mask, volume } from "./miniature.ts";
import { msd } from "./msd.ts";
import { findLayout } from "./registry.ts";
import { SourceFolder } from "./source-folder.ts";

/** A task as its archive unpacks. */
function task(name: string, description: object, cases: readonly string[], numChannels = 1): Files {
  const files: Record<string, string | Uint8Array> = { [`${name}/dataset.json`]: JSON.stringify(description) };
  for (const [i, one] of cases.entries()) {
    files[`${name}/imagesTr/${one}.nii.gz`] = volume(i, numChannels);
    files[`${name}/imagesTr/._${one}.nii.gz`] = "AppleDouble";
    files[`${name}/labelsTr/${one}.nii.gz`] = mask(1, 2);
    files[`${name}/labelsTr/._${one}.nii.gz`] = "AppleDouble";
  }
  return files;
}

const liver = {
  name: "Liver",
  modality: { 0: "CT" },
  labels: { 0: "background", 1: "liver", 2: "cancer" },
  numTraining: 131,
  numTest: 70,
};
const brain = {
  name: "BRATS",
  modality: { 0: "FLAIR", 1: "T1w", 2: "t1gd", 3: "T2w" },
  labels: { 0: "background", 1: "edema", 2: "non-enhancing tumor", 3: "enhancing tumour" },
};

test("a task: its description's labels, counts and modality; AppleDouble twins are no cases", async () => {
  const folder = folderOf({
    ...task("Task03_Liver", liver, ["liver_0", "liver_10"]),
    "Task03_Liver/imagesTs/liver_131.nii.gz": volume(9),
  });
  assert.equal((await findLayout(folder)).name, "msd");
  const { items, notes, patients } = await listAll(msd, folder);
  assert.deepEqual(
    items.map(({ key, patient, modality, split, masks }) => [key, patient, modality, split, masks?.length]),
    [
      ["imagesTr/liver_0", "0", "ct", "train", 1],
      ["imagesTr/liver_10", "10", "ct", "train", 1],
      ["imagesTs/liver_131", "131", "ct", "test", 0],
    ],
  );
  assert.ok(items.every(({ patientSpace, isPublished }) => patientSpace === "lits" && isPublished));
  assert.equal(patients, "patients are told by the published names");
  assert.match(notes.join("\n"), /Task03_Liver hold the same people/);
  assert.deepEqual(msd.describe?.(folder), {
    title: "Medical Segmentation Decathlon, Liver",
    labels: [
      { value: 1, name: "liver", fileValue: 1 },
      { value: 2, name: "cancer", fileValue: 2 },
    ],
    published: { images: 201, masks: 131, reference: "its dataset.json" },
  });
});

test("Task01 and its like hold several images in a file: said, and MR all the same", async () => {
  const folder = folderOf(task("Task01_BrainTumour", brain, ["BRATS_001"], 4));
  const { items, notes } = await listAll(msd, folder);
  assert.deepEqual([items[0]?.modality, items[0]?.patient], ["mr", "BRATS_001"]);
  assert.match(notes.join("\n"), /each file holds 4 images \(FLAIR, T1w, t1gd, T2w\); the first is read/);
  assert.equal(msd.describe?.(folder).labels?.length, 3);
});

test("Task02 is the left atrium, whatever its description calls it", () => {
  const folder = folderOf(
    task("Task02_Heart", { ...liver, name: "Heart", labels: { 0: "bg", 1: "heart" } }, ["la_003"]),
  );
  assert.deepEqual(msd.describe?.(folder).labels, [{ value: 1, name: "left atrium", fileValue: 1 }]);
});

test("a folder of several tasks is refused: label 1 is another organ in each", async () => {
  const folder = folderOf({
    ...task("Task01_BrainTumour", brain, ["BRATS_001"]),
    ...task("Task03_Liver", liver, ["liver_0"]),
  });
  assert.equal((await findLayout(folder)).name, "msd");
  assert.throws(() => msd.describe?.(folder), { code: "ERR_LAYOUT_TASKS", message: /expected one folder.*got 2/ });
});

test("a hospital's own folder of that form: nobody's pseudonyms, and patients only by the pattern", async () => {
  const folder = folderOf(task("Task501_Own", { ...liver, name: "Own" }, ["mueller_0001"]));
  assert.equal((await findLayout(folder)).name, "msd");
  assert.equal(msd.describe?.(folder).published, undefined);
  const unknown = await listAll(msd, folder);
  assert.equal(unknown.items[0]?.isPublished, false);
  assert.equal(unknown.items[0]?.patient, undefined);
  assert.match(unknown.patients!, /patients are unknown/);
  const told = await listAll(msd, folder, { patientPattern: /imagesTr\/([a-z]+)_/ });
  assert.equal(told.items[0]?.patient, "mueller");
  assert.equal(told.patients, "patients are told by --patient-pattern");
});

test("published cases beside a hospital's own: each is told by itself", async () => {
  const folder = folderOf(task("Task06_Lung", { ...liver, name: "Lung" }, ["lung_001", "smith_john"]));
  const { items, patients } = await listAll(msd, folder, { patientPattern: /imagesTr\/([a-z]+)_/ });
  assert.deepEqual(
    items.map(({ patient, patientSpace, isPublished }) => [patient, patientSpace, isPublished]),
    [
      ["lung_001", "msd", true],
      ["smith", undefined, false],
    ],
  );
  assert.deepEqual([msd.isPublished, msd.patientSpace, msd.describe?.(folder).isPublished], [false, "own", undefined]);
  assert.equal(
    patients,
    "patients are told by the published names of 1 images; for the other 1, patients are told by --patient-pattern",
  );
});

test("without a description, or with a damaged one, the images are listed and it is said", async () => {
  const { "Task09_Spleen/dataset.json": _, ...bare } = task("Task09_Spleen", {}, ["spleen_2"]);
  for (const [files, reason] of [
    [bare, /^no dataset\.json: labels are told from the masks$/],
    [{ ...bare, "Task09_Spleen/dataset.json": '{"name": ' }, /^dataset\.json cannot be read \(SyntaxError/],
    [{ ...bare, "Task09_Spleen/dataset.json": "null" }, /^dataset\.json describes nothing/],
  ] as const) {
    const folder = folderOf(files);
    const { items, notes } = await listAll(msd, folder);
    assert.equal(items.length, 1);
    assert.match(notes[0]!, reason);
    assert.equal(msd.describe?.(folder).labels, undefined);
  }
});

const shared = join(import.meta.dirname, "../../../../../shared/data/liver-3dircadb-17");

test("a shared case in this form", { skip: !existsSync(shared) && "the data set is not on this machine" }, async () => {
  const folder = new SourceFolder(shared);
  assert.equal((await findLayout(folder)).name, "msd");
  const { items } = await listAll(msd, folder);
  assert.deepEqual(
    items.map(({ key, masks, modality }) => [key, masks?.length, modality]),
    [["imagesTr/liver_17", 1, "ct"]],
  );
  assert.deepEqual(
    msd.describe?.(folder).labels?.map(({ name }) => name),
    ["liver", "cancer"],
  );
});
