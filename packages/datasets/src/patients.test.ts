import assert from "node:assert/strict";
import { test } from "node:test";
import { assignPatients } from "./patients.ts";

const named = (...paths: string[]) => paths.map((path) => ({ path, id: path, patient: undefined }));

test("the manifest is believed before all else", () => {
  const subjects = [{ path: "patient001_a", id: "patient001_a", patient: "p9" }];
  assert.deepEqual(assignPatients(subjects, /(a)/), { patients: ["p9"], description: "cases.csv" });
});

test("a pattern's first group; what it does not fit is said", () => {
  const { patients, description } = assignPatients(named("p10/s1/x", "p10/s2/y", "odd"), /^(p\d+)\//);
  assert.deepEqual(patients, ["p10", "p10", undefined]);
  assert.match(description, /1 images that it does not fit/);
});

test("a pattern that fits nothing or has no group is refused", () => {
  assert.throws(() => assignPatients(named("a"), /^(p\d+)/), { code: "ERR_PATIENT_PATTERN" });
  assert.throws(() => assignPatients(named("p1"), /^p\d+/), { code: "ERR_PATIENT_PATTERN" });
});

test("patient001 at the beginning of a file's or a folder's name", () => {
  const { patients } = assignPatients(
    named("patient001_frame01_z03", "train/patient00002/study1/view1", "nopatient3"),
    undefined,
  );
  assert.deepEqual(patients, ["patient001", "patient00002", undefined]);
});

test("left and right of one name are one patient, where there is a pair at all", () => {
  const { patients, description } = assignPatients(named("Image_01L", "Image_01R", "Image_02L"), undefined);
  assert.deepEqual(patients, ["Image_01", "Image_01", "Image_02"]);
  assert.match(description, /Image_01L and Image_01R/);
  assert.deepEqual(assignPatients(named("7_left", "7_right"), undefined).patients, ["7", "7"]);
  assert.deepEqual(assignPatients(named("Image_01L", "Image_02L"), undefined).patients, [undefined, undefined]);
});

test("otherwise each image is a patient", () => {
  const { patients, description } = assignPatients(named("a", "b"), undefined);
  assert.deepEqual(patients, [undefined, undefined]);
  assert.equal(description, "one patient an image");
});
