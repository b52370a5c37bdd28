import assert from "node:assert/strict";
import { test } from "node:test";
import { drive } from "./drive.ts";
import { field, listed, pairs, recognizes, sampleSource } from "./sample-source.ts";

const training = ["training/images/21_training.tif", "training/mask/21_training_mask.gif"];
const test01 = ["test/images/01_test.tif", "test/mask/01_test_mask.gif"];

test("1st_manual is the mask, mask/ the field of view; the halves are told from the names", async () => {
  const folder = sampleSource(
    ...training,
    ...test01,
    "training/1st_manual/21_manual1.gif",
    "test/1st_manual/01_manual1.gif",
    "test/2nd_manual/01_manual2.gif",
  );
  assert.ok(recognizes(drive, folder));
  const listing = await listed(drive, folder);
  assert.deepEqual(listing.items, {
    "01": {
      files: ["test/images/01_test.tif"],
      masks: [{ file: "test/1st_manual/01_manual1.gif", fileValue: 255 }],
      patient: "01",
      split: "test",
    },
    "21": {
      files: ["training/images/21_training.tif"],
      masks: [{ file: "training/1st_manual/21_manual1.gif", fileValue: 255 }],
      patient: "21",
      split: "train",
    },
  });
  assert.deepEqual(listing.notes, [
    "1 masks of another observer than _manual1 (--mask-suffix chooses): left out, such as test/2nd_manual/01_manual2.gif",
    "2 masks of the field of view: left out, such as test/mask/01_test_mask.gif",
  ]);
  assert.deepEqual(pairs(await listed(drive, folder, { maskSuffix: "_manual2" })).sort(), [
    "01: test/2nd_manual/01_manual2.gif",
    "21: ",
  ]);
});

test("the official download has no masks of the test half: its images are listed without", async () => {
  const listing = await listed(drive, sampleSource(...training, ...test01, "training/1st_manual/21_manual1.gif"));
  assert.deepEqual(pairs(listing).sort(), ["01: ", "21: training/1st_manual/21_manual1.gif"]);
  assert.ok(listing.notes.includes("1 of 2 images have no mask"));
});

test("one half alone, and the set inside another folder", async () => {
  const folder = sampleSource(...training, "training/1st_manual/21_manual1.gif");
  assert.deepEqual(field(await listed(drive, `${folder}/training`), "split"), { "21": "train" });
  const outer = sampleSource(...[...training, ...test01].map((file) => `vessels/DRIVE/${file}`));
  assert.ok(recognizes(drive, outer));
  assert.deepEqual(field(await listed(drive, outer), "split"), { "01": "test", "21": "train" });
});
