import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { dicomDir } from "./dicomdir.ts";
import { folderOf, listAll } from "./miniature.ts";
import { findLayout } from "./registry.ts";
import { ctSlice, dicomFile } from "./sample-dicom.ts";

/** A directory of these files, with the record of a patient, which names none. */
function directory(...names: string[]): Uint8Array {
  return dicomFile({
    "00041220": [
      { "00041430": "PATIENT", "00100010": "Doe^Jane" },
      ...names.map((name) => ({ "00041430": "IMAGE", "00041500": name.replaceAll("/", "\\") })),
    ],
  });
}

test("the directory is the list: names in any case, what is missing and what lies beside is said", async () => {
  const folder = folderOf({
    DICOMDIR: directory("IMAGES/IM1", "IMAGES/IM2", "IMAGES/IM3", "../etc/passwd"),
    "images/im1": ctSlice(1, 5),
    "images/im2": ctSlice(2, 0),
    "images/im9": ctSlice(9, 10),
    "viewer/start.exe": "MZ",
  });
  assert.equal((await findLayout(folder)).name, "dicomdir");
  const { items, notes } = await listAll(dicomDir, folder);
  assert.deepEqual(
    items.map(({ files }) => files.map((file) => basename(file))),
    [["im2", "im1"]],
  );
  assert.deepEqual(notes, [
    "../etc/passwd: leads out of the folder, left out",
    "1 files that the DICOMDIR names are missing",
    "1 DICOM files are not in the DICOMDIR and were left out; --layout dicom-tree takes all",
  ]);
});

test("a damaged directory: all DICOM files are listed, and it is said", async () => {
  const folder = folderOf({ DICOMDIR: directory("A").subarray(0, 180), A: ctSlice(1, 5), B: ctSlice(2, 0) });
  const { items, notes } = await listAll(dicomDir, folder);
  assert.equal(items.find(({ files }) => files.length === 2)?.patient, "P1");
  assert.match(notes[0]!, /^the DICOMDIR cannot be read \(ERR_DICOM_CORRUPT\): all DICOM files are listed/);
});

test("several CDs in one archive: each directory is one of the files that have no image", async () => {
  const folder = folderOf({
    "cd1/DICOMDIR": directory("A"),
    "cd1/A": ctSlice(1, 5),
    "cd2/DICOMDIR": directory("A"),
    "cd2/A": ctSlice(2, 0),
  });
  assert.equal((await findLayout(folder)).name, "dicom-tree");
  assert.match((await listAll(await findLayout(folder), folder)).notes.join(), /left out: 2 DICOMDIR/);
});
