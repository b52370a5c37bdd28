import assert from "node:assert/strict";
import { test } from "node:test";
import { kaggleLungs } from "./kaggle-lungs.ts";
import { montgomery } from "./montgomery.ts";
import { field, listed, pairs, recognizes, sampleSource } from "./sample-source.ts";
import { shenzhen } from "./shenzhen.ts";

const MONTGOMERY = ["MCUCXR_0001_0", "MCUCXR_0002_1"];
const SHENZHEN = ["CHNCXR_0001_0", "CHNCXR_0002_0", "CHNCXR_0330_1"];

function isTakenFor(folder: string) {
  return [montgomery, shenzhen, kaggleLungs].filter((layout) => recognizes(layout, folder)).map(({ name }) => name);
}

test("Montgomery: both lungs' masks are laid together, black borders cut, classes from the last digit", async () => {
  const folder = sampleSource(
    ...MONTGOMERY.flatMap((name) => [
      `MontgomerySet/CXR_png/${name}.png`,
      `MontgomerySet/ManualMask/leftMask/${name}.png`,
      `MontgomerySet/ManualMask/rightMask/${name}.png`,
    ]),
    { "MontgomerySet/ClinicalReadings/MCUCXR_0001_0.txt": "Patient's Sex: F\nPatient's Age: 091Y\nnormal" },
  );
  assert.deepEqual(isTakenFor(folder), ["montgomery"]);
  const listing = await listed(montgomery, folder);
  assert.deepEqual(listing.items["MCUCXR_0001_0"], {
    files: ["MontgomerySet/CXR_png/MCUCXR_0001_0.png"],
    masks: [
      { file: "MontgomerySet/ManualMask/leftMask/MCUCXR_0001_0.png", fileValue: 255 },
      { file: "MontgomerySet/ManualMask/rightMask/MCUCXR_0001_0.png", fileValue: 255 },
    ],
    patient: "MCUCXR_0001",
    stratum: "normal",
    reading: { cropsBlackBorder: true },
  });
  assert.equal(listing.items["MCUCXR_0002_1"]?.stratum, "tuberculosis");
  assert.deepEqual(listing.notes, []);
  assert.doesNotMatch(JSON.stringify(listing), /091Y|Readings/);
});

test("Montgomery with one mask for both lungs, in the set's own folder", async () => {
  const folder = sampleSource(...MONTGOMERY.flatMap((name) => [`CXR_png/${name}.png`, `masks/${name}.png`]));
  assert.deepEqual(isTakenFor(folder), ["montgomery"]);
  assert.deepEqual(
    pairs(await listed(montgomery, folder)),
    MONTGOMERY.map((name) => `${name}: masks/${name}.png`),
  );
});

test("Shenzhen: films without a mask are listed all the same", async () => {
  const folder = sampleSource(
    ...SHENZHEN.map((name) => `ChinaSet_AllFiles/CXR_png/${name}.png`),
    ...SHENZHEN.slice(1).map((name) => `mask/${name}_mask.png`),
  );
  assert.deepEqual(isTakenFor(folder), ["shenzhen"]);
  const listing = await listed(shenzhen, folder);
  assert.deepEqual(pairs(listing), [
    "CHNCXR_0001_0: ",
    "CHNCXR_0002_0: mask/CHNCXR_0002_0_mask.png",
    "CHNCXR_0330_1: mask/CHNCXR_0330_1_mask.png",
  ]);
  assert.deepEqual(listing.notes, ["1 of 3 images have no mask"]);
  assert.equal(listing.items["CHNCXR_0330_1"]?.stratum, "tuberculosis");
  assert.equal(listing.items["CHNCXR_0330_1"]?.reading, undefined);
});

test("Kaggle's mix: two naming rules in one folder, black borders cut of Montgomery's only", async () => {
  const folder = sampleSource(
    ...[...MONTGOMERY, ...SHENZHEN].map((name) => `Lung Segmentation/CXR_png/${name}.png`),
    ...MONTGOMERY.map((name) => `Lung Segmentation/masks/${name}.png`),
    ...SHENZHEN.map((name) => `Lung Segmentation/masks/${name}_mask.png`),
    "Lung Segmentation/test/CHNCXR_0025_0.png",
    "Lung Segmentation/test/CHNCXR_0001_0.png",
  );
  assert.deepEqual(isTakenFor(folder), ["kaggle-lungs"]);
  const listing = await listed(kaggleLungs, folder);
  assert.deepEqual(
    pairs(listing).sort(),
    [
      ...SHENZHEN.map((name) => `${name}: Lung Segmentation/masks/${name}_mask.png`),
      ...MONTGOMERY.map((name) => `${name}: Lung Segmentation/masks/${name}.png`),
      "CHNCXR_0025_0: ",
    ].sort(),
  );
  const cropped = Object.entries(field(listing, "reading")).filter(([, reading]) => reading?.cropsBlackBorder);
  assert.deepEqual(
    cropped.map(([key]) => key),
    MONTGOMERY,
  );
  assert.deepEqual(listing.notes, [
    "1 of 6 images have no mask",
    "1 files of a name that is listed already: left out, such as Lung Segmentation/test/CHNCXR_0001_0.png",
  ]);
});

test("a film's patient is the same in every layout", () => {
  assert.equal(new Set([montgomery, shenzhen, kaggleLungs].map(({ patientSpace }) => patientSpace)).size, 1);
});
