import assert from "node:assert/strict";
import { test } from "node:test";
import { amos22 } from "./amos22.ts";
import { folderOf, listAll, mask, volume } from "./miniature.ts";
import { findLayout } from "./registry.ts";

const everyLabel = mask(...Array.from({ length: 15 }, (_, i) => i + 1));
const files = {
  "amos22/dataset.json": '{"licence": "x", "labels": {"0": "background", "8": "arota"}}',
  "amos22/imagesTr/amos_0410.nii.gz": volume(1),
  "amos22/labelsTr/amos_0410.nii.gz": everyLabel,
  "amos22/imagesTr/amos_0507.nii.gz": volume(2),
  "amos22/labelsTr/amos_0507.nii.gz": everyLabel,
  "amos22/imagesTr/._amos_0507.nii.gz": "",
  "amos22/imagesVa/amos_0409.nii.gz": volume(3),
  "amos22/labelsVa/amos_0409.nii.gz": everyLabel,
  "amos22/imagesVa/amos_0410.nii.gz": volume(4),
  "amos22/imagesTs/amos_0500.nii.gz": volume(5),
  "amos22/imagesTs/amos_0501.nii.gz": volume(6),
  "amos22/imagesTr/amos_5514.nii.gz": volume(7),
};

test("CT and MR are told by the number, splits by the folder, masks by their name", async () => {
  const folder = folderOf(files);
  assert.equal((await findLayout(folder)).name, "amos22");
  const { items } = await listAll(amos22, folder);
  assert.deepEqual(
    items.map(({ key, modality, split, patient, masks }) => [key, modality, split, patient, masks?.length]),
    [
      ["imagesTr/amos_0410", "ct", "train", "amos_0410", 1],
      ["imagesTr/amos_0507", "mr", "train", "amos_0507", 1],
      ["imagesTr/amos_5514", undefined, "train", "amos_5514", 0],
      ["imagesTs/amos_0500", "ct", "test", "amos_0500", 0],
      ["imagesTs/amos_0501", "mr", "test", "amos_0501", 0],
      ["imagesVa/amos_0409", "ct", "validation", "amos_0409", 1],
      ["imagesVa/amos_0410", "mr", "validation", "amos_0410", 0],
    ],
  );
  assert.equal(items[0]?.masks?.[0]?.file, folder.at("amos22/labelsTr/amos_0410.nii.gz"));
});

test("names are the field's, not those of the description's typing errors; it may be missing", async () => {
  assert.deepEqual(
    amos22.labels?.map(({ value, fileValue, name }) => (value === fileValue ? name : undefined)),
    [
      "spleen",
      "right kidney",
      "left kidney",
      "gallbladder",
      "esophagus",
      "liver",
      "stomach",
      "aorta",
      "postcava",
    ].concat(["pancreas", "right adrenal gland", "left adrenal gland", "duodenum", "bladder", "prostate/uterus"]),
  );
  const { "amos22/dataset.json": _, ...bare } = files;
  assert.equal((await listAll(amos22, folderOf(bare))).items.length, 7);
});

test("the user is told to keep validation and test volumes out of pre-training", async () => {
  const { notes } = await listAll(amos22, folderOf(files));
  assert.match(notes.join("\n"), /2 validation and 2 test volumes: leave them out of pre-training/);
});
