import assert from "node:assert/strict";
import { test } from "node:test";
import { lits } from "./lits.ts";
import { folderOf, listAll, mask, nifti, volume } from "./miniature.ts";
import { msd } from "./msd.ts";
import { findLayout } from "./registry.ts";

const liver = mask(1, 2);
const files = {
  "Training Batch 1/volume-0.nii": nifti((i) => i % 50),
  "segmentations/segmentation-0.nii": nifti(() => 1),
  "Training Batch 1/volume-27.nii.gz": volume(2),
  "Training Batch 1/segmentation-27.nii.gz": liver,
  "Training Batch 2/volume-28.nii.gz": volume(3),
  "Training Batch 2/segmentation-28.nii.gz": liver,
  "Training Batch 2/volume-47.nii.gz": volume(4),
  "Training Batch 2/segmentation-47.nii.gz": liver,
  "Training Batch 2/volume-48.nii.gz": volume(5),
  "test/test-volume-0.nii": nifti((i) => i % 40),
};

test("volumes of both batches find their masks, wherever these lie; tests are other people", async () => {
  const folder = folderOf(files);
  assert.equal((await findLayout(folder)).name, "lits");
  const { items } = await listAll(lits, folder);
  assert.deepEqual(
    items.map(({ key, patient, split, masks }) => [key, patient, split, masks?.length]),
    [
      ["volume-0", "0", "train", 1],
      ["volume-27", "27", "train", 1],
      ["volume-28", "28", "train", 1],
      ["volume-47", "47", "train", 1],
      ["volume-48", "48", "train", 0],
      ["test-volume-0", "test-0", "test", 0],
    ],
  );
  assert.equal(items[0]?.masks?.[0]?.file, folder.at("segmentations/segmentation-0.nii"));
});

test("the voxel size of volumes 28-47 is unknown, and the user hears of it and of the other two data sets", async () => {
  const { items, notes } = await listAll(lits, folderOf(files));
  assert.deepEqual(
    items.filter(({ reading }) => reading?.spacingMm === "unknown").map(({ key }) => key),
    ["volume-28", "volume-47"],
  );
  assert.match(notes.join("\n"), /2 volumes of 28-47 have a placeholder/);
  assert.match(notes.join("\n"), /Task03_Liver hold the same people, 3D-IRCADb-01 among them/);
});

test("MSD's Task03 names the same people alike", async () => {
  const task = folderOf({
    "dataset.json":
      '{"name": "Liver", "modality": {"0": "CT"}, "labels": {"0": "background", "1": "liver", "2": "cancer"}}',
    "imagesTr/liver_28.nii.gz": volume(3),
    "labelsTr/liver_28.nii.gz": liver,
  });
  const { items } = await listAll(msd, task);
  assert.equal(items[0]?.patient, "28");
  assert.equal(items[0]?.reading?.spacingMm, "unknown");
  assert.ok(items[0]?.isPublished && items[0].patientSpace === lits.patientSpace);
});
