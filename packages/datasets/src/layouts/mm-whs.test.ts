import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf, listAll, mask, volume } from "./miniature.ts";
import { mmWhs } from "./mm-whs.ts";
import { findLayout } from "./registry.ts";

const files = {
  "ct_train/ct_train_1001_image.nii.gz": volume(1),
  "ct_train/ct_train_1001_label.nii.gz": mask(205, 420, 500, 550, 600, 820, 850),
  "mr_train/mr_train_1001_image.nii.gz": volume(2),
  "mr_train/mr_train_1001_label.nii.gz": mask(205, 420, 421, 500, 550, 600, 820, 850),
  "mr_test/mr_test_2001_image.nii.gz": volume(3),
};

test("modality, split and person are in the name; tests have no labels", async () => {
  const folder = folderOf(files);
  assert.equal((await findLayout(folder)).name, "mm-whs");
  const { items } = await listAll(mmWhs, folder);
  assert.deepEqual(
    items.map(({ key, patient, modality, split, masks }) => [key, patient, modality, split, masks?.length]),
    [
      ["ct_train_1001", "ct_train_1001", "ct", "train", 1],
      ["mr_test_2001", "mr_test_2001", "mr", "test", 0],
      ["mr_train_1001", "mr_train_1001", "mr", "train", 1],
    ],
  );
});

test("labels are grey values; 421 is a misspelled 420", () => {
  const byValue = new Map(mmWhs.labels?.map((label) => [label.fileValue, label]));
  assert.deepEqual([...byValue.keys()], [205, 420, 500, 550, 600, 820, 850]);
  assert.deepEqual(byValue.get(420), { value: 2, name: "left atrium", fileValue: 420, aliases: [421] });
  assert.equal(byValue.get(600)?.name, "right ventricle");
  assert.equal(byValue.get(205)?.name, "left ventricular myocardium");
});
