import assert from "node:assert/strict";
import { symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folder } from "./folder.ts";
import { field, type Listed, listed, pairs as pairsOf, sampleSource } from "./sample-source.ts";

const UNKNOWN = "nothing says which images belong to one patient: patients are unknown";

async function pairs(source: string, maskSuffix?: string): Promise<string[]> {
  return pairsOf(await listed(folder, source, { maskSuffix }));
}

async function patientsOf(files: readonly string[], patientPattern?: RegExp) {
  const listing: Listed = await listed(folder, sampleSource(...files), { patientPattern });
  return { patients: Object.values(field(listing, "patient")), sentence: listing.notes[0], example: listing.notes[1] };
}

test("masks in a folder beside, by equal name or with a suffix, whatever the image folder is called", async () => {
  assert.deepEqual(await pairs(sampleSource("images/a.png", "images/b.jpg", "masks/a.png", "masks/b.png")), [
    "a: masks/a.png",
    "b: masks/b.png",
  ]);
  assert.deepEqual(await pairs(sampleSource("CXR_png/a_1.png", "masks/a_1_mask.png")), ["a_1: masks/a_1_mask.png"]);
  assert.deepEqual(await pairs(sampleSource("scans/a.png", "labels/a.png")), ["scans/a: labels/a.png"]);
  assert.deepEqual(await pairs(sampleSource("a.png", "ground_truth/a.png")), ["a: ground_truth/a.png"]);
});

test("the same inside folders of patients or of parts of the set", async () => {
  const inPatients = sampleSource("p1/images/1.png", "p1/masks/1.png", "p2/images/1.png", "p2/masks/1.png");
  assert.deepEqual(await pairs(inPatients), ["p1/1: p1/masks/1.png", "p2/1: p2/masks/1.png"]);
  const patientsIn = sampleSource("images/p1/1.png", "images/p2/1.png", "masks/p2/1.png");
  assert.deepEqual(await pairs(patientsIn), ["p1/1: ", "p2/1: masks/p2/1.png"]);
});

test("the first observer is the mask, the second neither mask nor image; the suffix chooses", async () => {
  const source = sampleSource("eye_1.jpg", "eye_1_1stHO.png", "eye_1_2ndHO.png");
  assert.deepEqual(await pairs(source), ["eye_1: eye_1_1stHO.png"]);
  assert.match((await listed(folder, source)).notes[1]!, /^1 masks of other observers are left out/);
  assert.deepEqual(await pairs(source, "_2ndHO"), ["eye_1: eye_1_2ndHO.png"]);
});

test("an unusual suffix is a mask when it is named, an image otherwise", async () => {
  const source = sampleSource("a.png", "a_lesion.png");
  assert.deepEqual(await pairs(source, "_lesion"), ["a: a_lesion.png"]);
  assert.deepEqual(await pairs(source), ["a: ", "a_lesion: "]);
});

test("masks without an image and masks of two images are told", async () => {
  const { notes } = await listed(folder, sampleSource("images/a.png", "masks/a.png", "masks/b.png"));
  assert.deepEqual(notes, [UNKNOWN, "1 masks have no image, such as masks/b.png"]);
  const shared = await listed(folder, sampleSource("t1/a.png", "t2/a.png", "masks/a.png"));
  assert.deepEqual(pairsOf(shared), ["t1/a: masks/a.png", "t2/a: masks/a.png"]);
  assert.deepEqual(shared.notes, [UNKNOWN, "1 images share their mask with another image: is that meant?"]);
});

test("an image that two masks fit is refused", async () => {
  const source = sampleSource("images/a.png", "masks/a.png", "manual1/a.png");
  const { refusal, masks } = (await listed(folder, source)).items["a"]!;
  assert.equal(masks, undefined);
  assert.equal(refusal?.code, "ERR_MASK_AMBIGUOUS");
  assert.match(refusal!.message, /several masks fit: .*manual1\/a\.png, .*masks\/a\.png$/);
});

test("images alone in any depth; hidden files, archive leftovers and other files are left out", async () => {
  const source = sampleSource("x/y/b.jpeg", "a.PNG", "._a.png", "__MACOSX/a.png", "Thumbs.db", "readme.txt");
  assert.deepEqual(await pairs(source), ["a: ", "x/y/b: "]);
});

test("every format that can be read, packed ones by their whole extension", async () => {
  const extensions = "png jpg jpeg tif tiff gif bmp webp ppm pgm pbm ppm.gz pgm.gz pbm.gz dcm nii nii.gz".split(" ");
  const source = sampleSource(...extensions.map((extension, i) => `f${i}/a.${extension}`));
  assert.deepEqual((await pairs(source)).sort(), extensions.map((_, i) => `f${i}/a: `).sort());
  assert.deepEqual(await pairs(sampleSource("t/v_gt.nii.gz", "t/v.nii.gz")), ["t/v: t/v_gt.nii.gz"]);
});

test("DICOM files whatever they are called; other files and the directory file are none", async () => {
  const dicom = new Uint8Array(132);
  dicom.set(Buffer.from("DICM"), 128);
  const files = { IM0001: dicom, "1.2.840.113619.2": dicom, DICOMDIR: dicom, LICENSE: "DICM", "S1.ima": dicom };
  assert.deepEqual(await pairs(sampleSource(files)), ["1.2.840.113619.2: ", "IM0001: ", "S1.ima: "]);
});

test(".img of a headerless film's size is an image, half of a pair is not", async () => {
  const source = sampleSource("film.IMG", "pair.img", "pair.hdr", "disk.img");
  for (const file of ["film.IMG", "pair.img"]) truncateSync(join(source, file), 2 * 2048 * 2048);
  assert.deepEqual(await pairs(source), ["film: "]);
});

test("two files of one name keep keys of their own", async () => {
  assert.deepEqual(await pairs(sampleSource("a.png", "a.jpg", "b.png")), ["a.jpg: ", "a.png: ", "b: "]);
});

test("links are followed, also those that lead back", async () => {
  const source = sampleSource("real/a.png");
  symlinkSync(source, join(source, "loop"));
  symlinkSync(join(source, "real", "a.png"), join(source, "b.png"));
  assert.deepEqual(await pairs(source), ["b: ", "real/a: "]);
});

test("a pattern's first group; what it does not fit is unknown, and it is said", async () => {
  const { patients, sentence } = await patientsOf(["p10/s1/x.png", "p10/s2/y.png", "odd.png"], /^(p\d+)\//);
  assert.deepEqual(patients, [undefined, "p10", "p10"]);
  assert.equal(
    sentence,
    "patients are told by --patient-pattern; it does not fit 1 images, whose patients are unknown",
  );
});

test("a pattern that fits nothing or has no group is refused", async () => {
  await assert.rejects(patientsOf(["a.png"], /^(p\d+)/), { code: "ERR_PATIENT_PATTERN" });
  await assert.rejects(patientsOf(["p1.png"], /^p\d+/), { code: "ERR_PATIENT_PATTERN" });
});

test("patient001 at the beginning of a file's or a folder's name", async () => {
  const files = ["nopatient3.png", "patient001_frame01_z03.png", "train/patient00002/study1/view1.png"];
  const { patients, sentence, example } = await patientsOf(files);
  assert.deepEqual(patients, [undefined, "patient001", "patient00002"]);
  assert.equal(sentence, "patients are told by the names");
  assert.equal(example, "patients are guessed from names: patient001");
});

test("left and right of one name are one patient, where there is a pair at all", async () => {
  const { patients, sentence, example } = await patientsOf([
    "images/eye_01L.png",
    "images/eye_01R.png",
    "images/eye_02L.png",
  ]);
  assert.deepEqual(patients, ["eye_01", "eye_01", "eye_02"]);
  assert.equal(sentence, "patients are told by left and right of one name");
  assert.equal(example, "patients are guessed from names: eye_01L and eye_01R");
  assert.deepEqual((await patientsOf(["7_left.png", "7_right.png"])).patients, ["7", "7"]);
  assert.deepEqual((await patientsOf(["eye_01L.png", "eye_02L.png"])).patients, [undefined, undefined]);
});

test("otherwise patients are unknown", async () => {
  assert.deepEqual(await patientsOf(["a.png", "b.png"]), {
    patients: [undefined, undefined],
    sentence: UNKNOWN,
    example: undefined,
  });
});
