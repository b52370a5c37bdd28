import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { acdc } from "./acdc.ts";
import { folderOf, listAll, mask, volume } from "./miniature.ts";
import { findLayout } from "./registry.ts";
import { SourceFolder } from "./source-folder.ts";

const heart = mask(1, 2, 3);
/** Patient 2's end diastole is not its first frame; patient 101 is of the test set, whose masks came later. */
const files = {
  "training/patient001/Info.cfg": "ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0\n",
  "training/patient001/patient001_4d.nii.gz": volume(1, 4),
  "training/patient001/patient001_frame01.nii.gz": volume(2),
  "training/patient001/patient001_frame01_gt.nii.gz": heart,
  "training/patient001/patient001_frame12.nii.gz": volume(3),
  "training/patient001/patient001_frame12_gt.nii.gz": heart,
  "training/patient002/Info.cfg": "ED: 4\r\nES: 1\r\nGroup: not a group\r\n",
  "training/patient002/patient002_frame01.nii.gz": volume(4),
  "training/patient002/patient002_frame01_gt.nii.gz": heart,
  "testing/patient101/Info.cfg": "ED: 1\nES: 14\nGroup: NOR\n",
  "testing/patient101/patient101_frame01.nii.gz": volume(5),
};

test("both phases of a patient, with the phase, the split and the diagnosis", async () => {
  const folder = folderOf(files);
  assert.equal((await findLayout(folder)).name, "acdc");
  const { items } = await listAll(acdc, folder);
  assert.deepEqual(
    items.map(({ key, patient, series, split, stratum, masks }) => [
      key,
      patient,
      series,
      split,
      stratum,
      masks?.length,
    ]),
    [
      ["patient101_frame01", "patient101", "ED", "test", "NOR", 0],
      ["patient001_frame01", "patient001", "ED", "train", "DCM", 1],
      ["patient001_frame12", "patient001", "ES", "train", "DCM", 1],
      ["patient002_frame01", "patient002", "ES", "train", undefined, 1],
    ],
  );
  assert.equal(items[1]?.masks?.[0]?.file, folder.at("training/patient001/patient001_frame01_gt.nii.gz"));
  for (const { reading } of items) assert.deepEqual(reading, { areDirectionsUnknown: true });
  assert.deepEqual(
    acdc.labels?.map(({ fileValue, name }) => [fileValue, name]),
    [
      [1, "right ventricle"],
      [2, "myocardium"],
      [3, "left ventricle"],
    ],
  );
});

test("the cine is left out and missing frames are named; height and weight stay in Info.cfg", async () => {
  const { items, notes } = await listAll(acdc, folderOf(files));
  assert.match(notes.join("\n"), /1 cine files/);
  assert.match(notes.join("\n"), /2 frames of Info\.cfg are missing, such as testing\/patient101\/patient101_frame14/);
  assert.doesNotMatch(JSON.stringify(items), /184|95|_4d/);
});

const shared = join(import.meta.dirname, "../../../../../shared/data/cardiac-acdc");

test("a copy without Info.cfg: 12 patients, 24 images with masks", {
  skip: !existsSync(shared) && "the data set is not on this machine",
}, async () => {
  const folder = new SourceFolder(shared);
  assert.equal((await findLayout(folder)).name, "acdc");
  const { items, notes } = await listAll(acdc, folder);
  assert.equal(items.filter(({ masks, split }) => masks?.length === 1 && split === "train").length, 24);
  assert.equal(new Set(items.map(({ patient }) => patient)).size, 12);
  assert.match(notes[0]!, /slices are kept as they are stored/);
  assert.deepEqual(notes.slice(1), ["24 images have no Info.cfg: their phase and diagnosis are unknown"]);
});
