import assert from "node:assert/strict";
import { test } from "node:test";
import { deepLesion } from "./deeplesion.ts";
import { folderOf, listAll } from "./miniature.ts";
import { findLayout } from "./registry.ts";

const HEADER =
  "File_name,Patient_index,Study_index,Series_ID,Key_slice_index,Measurement_coordinates,Bounding_boxes," +
  "Lesion_diameters_Pixel_,Normalized_lesion_location,Coarse_lesion_type,Possibly_noisy,Slice_range,Spacing_mm_px_," +
  "Image_size,DICOM_windows,Patient_gender,Patient_age,Train_Val_Test";

function row(file: string, location: string, split: number, spacing = "0.488281, 0.488281, 5"): string {
  const [patient, study, series, slice] = file.split("_").map((part) => Number(part.replace(".png", "")));
  return (
    `${file},${patient},${study},${series},${slice},"233.5, 95.0, 234.3, 106.8","226.1, 90.0, 241.7, 111.9",` +
    `"11.9, 6.8","${location}",3,0,"103, 115","${spacing}","512, 512","-175, 275",F,62,${split}`
  );
}

const files = {
  "DL_info.csv": [
    HEADER,
    row("000001_01_01_109.png", "0.1, 0.1, 0.1", 3),
    row("000001_01_01_109.png", "0.44666, 0.283794, 0.434454", 3),
    row("000001_01_01_114.png", "0.5, 0.6, 0.7", 3),
    row("000001_04_02_017.png", "0.2, 0.3, 0.4", 1, "0.8, 0.7, 1"),
  ].join("\n"),
  "Images_png/000001_01_01/108.png": "",
  "Images_png/000001_01_01/109.png": "",
  "Images_png/000001_01_01/113.png": "",
  "Images_png/000001_04_02/016.png": "",
  "Images_png/000001_04_02/notes.txt": "",
  "Images_png/000077_01_01/020.png": "",
};

test("HU by the offset, spacing as z, y, x, people and split of every slice, annotated or beside", async () => {
  const folder = folderOf(files);
  assert.equal((await findLayout(folder)).name, "deeplesion");
  const { items } = await listAll(deepLesion, folder);
  assert.deepEqual(
    items.map(({ key, patient, study, series, split, reading }) => [
      key,
      patient,
      study,
      series,
      split,
      reading?.spacingMm,
    ]),
    [
      ["000001_01_01/108", "000001", "000001_01", "000001_01_01", "test", [5, 0.488281, 0.488281]],
      ["000001_01_01/109", "000001", "000001_01", "000001_01_01", "test", [5, 0.488281, 0.488281]],
      ["000001_01_01/113", "000001", "000001_01", "000001_01_01", "test", [5, 0.488281, 0.488281]],
      ["000001_04_02/016", "000001", "000001_04", "000001_04_02", "train", [1, 0.7, 0.8]],
      ["000077_01_01/020", "000077", "000077_01", "000077_01_01", undefined, undefined],
    ],
  );
  for (const { reading } of items) {
    assert.equal(reading?.subtract, 32768);
    assert.equal(reading?.isHounsfield, true);
  }
});

test("location: a key slice's last lesion, a neighbour's nearest key slice, else the series' last lesion", async () => {
  const { items, notes } = await listAll(deepLesion, folderOf(files));
  const located = Object.fromEntries(items.map(({ key, location }) => [key, location]));
  assert.deepEqual(located["000001_01_01/109"], [0.44666, 0.283794, 0.434454]);
  assert.deepEqual(located["000001_01_01/108"], [0.44666, 0.283794, 0.434454]);
  // The picture of key slice 114 is not here: 109 is the nearest that is.
  assert.deepEqual(located["000001_01_01/113"], [0.44666, 0.283794, 0.434454]);
  assert.deepEqual(located["000001_04_02/016"], [0.2, 0.3, 0.4]);
  assert.equal(located["000077_01_01/020"], undefined);
  assert.deepEqual(notes, ["1 slices are of series that DL_info.csv does not name"]);
});

test("sex, age and windows never leave the table", async () => {
  const { items } = await listAll(deepLesion, folderOf(files));
  assert.doesNotMatch(JSON.stringify(items), /"F"|62|-175|275/);
});

test("zips unpacked side by side: a series that is spread over two comes in one piece, twice-unpacked slices once", async () => {
  const folder = folderOf({
    "DL_info.csv": files["DL_info.csv"],
    "Images_png_01/Images_png/000001_01_01/109.png": "",
    "Images_png_01/Images_png/000001_04_02/016.png": "",
    "Images_png_02/Images_png/000001_01_01/108.png": "",
    "Images_png_02/Images_png/000001_01_01/109.png": "",
  });
  assert.equal((await findLayout(folder)).name, "deeplesion");
  const { items } = await listAll(deepLesion, folder);
  assert.deepEqual(
    items.map(({ key }) => key),
    ["000001_01_01/108", "000001_01_01/109", "000001_04_02/016"],
  );
});

test("the table is found beside the images' folder where that is what is given", async () => {
  const folder = folderOf(files).below("Images_png");
  const { items, notes } = await listAll(deepLesion, folder);
  assert.equal(items[0]?.split, "test");
  assert.equal(notes.length, 1);
});

test("without the table the slices are listed with what their names say; another table is refused", async () => {
  const { "DL_info.csv": _, ...bare } = files;
  const { items, notes } = await listAll(deepLesion, folderOf(bare));
  assert.equal(items.length, 5);
  assert.equal(items[0]?.patient, "000001");
  assert.match(notes[0]!, /^no DL_info\.csv/);
  const wrong = folderOf({ ...bare, "DL_info.csv": "File_name,Patient_index\n" });
  await assert.rejects(listAll(deepLesion, wrong), { code: "ERR_TABLE", message: /Normalized_lesion_location/ });
});
