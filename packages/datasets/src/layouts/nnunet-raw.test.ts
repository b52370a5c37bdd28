import assert from "node:assert/strict";
import { test } from "node:test";
import { acdc } from "./acdc.ts";
import { type Files, folderOf, listAll, mask, volume } from "./miniature.ts";
import { nnunetRaw } from "./nnunet-raw.ts";
import { findLayout } from "./registry.ts";

const description = (rest: object) => JSON.stringify({ numTraining: 1, file_ending: ".nii.gz", ...rest });
const kidney: Files = {
  "dataset.json": description({
    channel_names: { 0: "CT" },
    labels: { background: 0, kidney: [1, 2, 3], masses: [2, 3], tumor: 2, ignore: 4 },
    regions_class_order: [1, 3, 2],
  }),
  "imagesTr/case_0001_0000.nii.gz": volume(1),
  "labelsTr/case_0001.nii.gz": mask(1, 2, 3),
  "imagesTr/case_0002_0000.nii.gz": volume(2),
  "imagesTs/case_0009_0000.nii.gz": volume(3),
};

test("one channel: the case's mask, official splits, nobody's patients", async () => {
  const folder = folderOf(kidney);
  assert.equal((await findLayout(folder)).name, "nnunet-raw");
  const { items, notes, patients } = await listAll(nnunetRaw, folder);
  assert.match(patients!, /unknown/);
  assert.deepEqual(
    items.map(({ key, modality, split, patient, masks }) => [key, modality, split, patient, masks?.length]),
    [
      ["imagesTr/case_0001_0000", "ct", "train", undefined, 1],
      ["imagesTr/case_0002_0000", "ct", "train", undefined, 0],
      ["imagesTs/case_0009_0000", "ct", "test", undefined, 0],
    ],
  );
  assert.deepEqual(notes, [
    'label 4, "ignore", marks what nobody annotated; it is no structure',
    "1 training images have no mask",
  ]);
});

test("a value in several regions is called after the smallest", () => {
  assert.deepEqual(nnunetRaw.describe?.(folderOf(kidney)).labels, [
    { value: 1, name: "kidney", fileValue: 1 },
    { value: 2, name: "tumor", fileValue: 2 },
    { value: 3, name: "masses", fileValue: 3 },
    { value: 4, name: "ignore", fileValue: 4 },
  ]);
  const files = {
    ...kidney,
    "dataset.json": description({ labels: { background: 0, whole: [1, 2, 3], core: [2, 3] } }),
  };
  assert.deepEqual(nnunetRaw.describe?.(folderOf(files)).labels, [
    { value: 1, name: "whole", fileValue: 1 },
    { value: 2, name: "core", fileValue: 2, aliases: [3] },
  ]);
});

test("several channels: each an image with its own modality, all of one patient and with one mask", async () => {
  const folder = folderOf({
    "Dataset221_AutoPET/dataset.json": description({ channel_names: { 0: "CT", 1: "PET" }, labels: { tumor: 1 } }),
    "Dataset221_AutoPET/imagesTr/psma_a_0000.nii.gz": volume(1),
    "Dataset221_AutoPET/imagesTr/psma_a_0001.nii.gz": volume(2),
    "Dataset221_AutoPET/labelsTr/psma_a.nii.gz": mask(1),
  });
  assert.equal((await findLayout(folder)).name, "nnunet-raw");
  const { items, notes, patients } = await listAll(nnunetRaw, folder);
  assert.equal(patients, "each case, with all of its channels, counts as a patient");
  assert.deepEqual(
    items.map(({ key, modality, patient, masks }) => [key, modality, patient, masks?.length]),
    [
      ["imagesTr/psma_a_0000", "ct", "psma_a", 1],
      ["imagesTr/psma_a_0001", "other", "psma_a", 1],
    ],
  );
  assert.match(notes.join("\n"), /2 channels a case \(CT, PET\), each an image of its own/);
});

test("pictures: PNG masks by name, a TIFF's voxel size from the file beside it", async () => {
  const folder = folderOf({
    "dataset.json": description({
      channel_names: { 0: "R", 1: "G", 2: "B" },
      labels: { road: 1 },
      file_ending: ".png",
    }),
    "imagesTr/img-1_0000.png": "",
    "labelsTr/img-1.png": "",
    "imagesTr/embryo_0000.tif": "",
    "imagesTr/embryo.json": '{"spacing": [2, 0.5, 0.4]}',
    "labelsTr/embryo.tif": "",
    "imagesTr/worm_0000.tif": "",
    "imagesTr/worm.json": '{"spacing": [2, 0]}',
  });
  const { items } = await listAll(nnunetRaw, folder);
  assert.deepEqual(
    items.map(({ key, reading, masks }) => [key, reading, masks?.length]),
    [
      ["imagesTr/embryo_0000", { spacingMm: [2, 0.5, 0.4] }, 1],
      ["imagesTr/img-1_0000", undefined, 1],
      ["imagesTr/worm_0000", undefined, 0],
    ],
  );
});

test("version 1's folders have MSD's description", async () => {
  const folder = folderOf({
    "Task501_Own/dataset.json": '{"modality": {"0": "T2"}, "labels": {"0": "background", "1": "gland"}}',
    "Task501_Own/imagesTr/a_0000.nii.gz": volume(1),
    "Task501_Own/labelsTr/a.nii.gz": mask(1),
  });
  assert.equal((await findLayout(folder)).name, "nnunet-raw");
  assert.deepEqual(nnunetRaw.describe?.(folder).labels, [{ value: 1, name: "gland", fileValue: 1 }]);
  assert.equal((await listAll(nnunetRaw, folder)).items[0]?.modality, "mr");
});

test("ACDC by way of nnU-Net keeps its people and slices as stored: two frames are one patient, the one that ACDC's layout names; others are not", async () => {
  const folder = folderOf({
    "imagesTr/patient001_frame01_0000.nii.gz": volume(1),
    "imagesTr/patient001_frame12_0000.nii.gz": volume(2),
    "imagesTr/smith_john_0000.nii.gz": volume(3),
    "labelsTr/patient001_frame01.nii.gz": mask(1, 2, 3),
  });
  assert.equal((await findLayout(folder)).name, "nnunet-raw");
  const { items, notes } = await listAll(nnunetRaw, folder);
  assert.deepEqual(
    items.map(({ patient, patientSpace, isPublished }) => [patient, patientSpace, isPublished]),
    [
      ["patient001", acdc.name, true],
      ["patient001", acdc.name, true],
      [undefined, undefined, false],
    ],
  );
  assert.deepEqual(
    items.map(({ reading }) => reading?.areDirectionsUnknown),
    [true, true, undefined],
  );
  assert.match(notes.join("\n"), /no dataset\.json/);
});
