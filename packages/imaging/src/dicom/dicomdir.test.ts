import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type DirectoryFile, readDicomdir } from "./dicomdir.ts";

// Made by pydicom's FileSet, and its reading of it.
const folder = join(import.meta.dirname, "fixtures-volumes");
const original = new Uint8Array(readFileSync(join(folder, "DICOMDIR")));
const expected: DirectoryFile[] = JSON.parse(readFileSync(join(folder, "dicomdir.json"), "utf8"));

/** With every value of an element of 4 bytes written over. */
function withUint32(element: number, value: number): Uint8Array {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  let numFound = 0;
  for (let i = 0; i + 12 <= bytes.length; i++) {
    if (view.getUint16(i, true) !== 4 || view.getUint16(i + 2, true) !== element || bytes[i + 4] !== 0x55) continue;
    view.setUint32(i + 8, value, true);
    numFound++;
  }
  assert.ok(numFound > 0);
  return bytes;
}

function withText(from: string, to: string): Uint8Array {
  const text = Buffer.from(original).toString("latin1");
  assert.ok(text.includes(from) && from.length === to.length);
  return new Uint8Array(Buffer.from(text.replace(from, to), "latin1"));
}

test("files come with the keys of their patient, study and series", () => {
  assert.deepEqual(readDicomdir(original, "DICOMDIR"), { files: expected, warnings: [] });
});

test("a directory within other bytes is read as well", () => {
  const within = new Uint8Array(original.length + 100);
  within.set(original, 100);
  assert.deepEqual(readDicomdir(within.subarray(100), "DICOMDIR").files, expected);
});

test("without offsets, with wrong ones and in circles, files belong to what stands before them", () => {
  for (const element of [0x1200, 0x1400, 0x1420]) {
    for (const offset of [0, 7, 400]) {
      const { files } = readDicomdir(withUint32(element, offset), "DICOMDIR");
      assert.deepEqual(files, expected, `${element.toString(16)} ${offset}`);
    }
  }
});

test("a path that leads out of the folder is left out and told", () => {
  const { files, warnings } = readDicomdir(withText("PT000000\\ST000000", "..\\..\\etc\\0000000"), "DICOMDIR");
  assert.deepEqual(files, expected.slice(1));
  assert.deepEqual(warnings, ["../../etc/0000000/SE000000/IM000000: leads out of the folder, left out"]);
});

test("a record that is not in use is left out", () => {
  const inUse =
    "\x04\x00\x10\x14US\x02\x00\xff\xff\x04\x00\x20\x14UL\x04\x00\x00\x00\x00\x00\x04\x00\x30\x14CS\x06\x00IMAGE";
  const { files } = readDicomdir(withText(inUse, inUse.replace("\xff\xff", "\x00\x00")), "DICOMDIR");
  assert.deepEqual(files, expected.slice(1));
});

test("an image is no directory", () => {
  const image = new Uint8Array(readFileSync(join(folder, "image.dcm")));
  assert.throws(() => readDicomdir(image, "image.dcm"), { code: "ERR_DICOMDIR" });
});
