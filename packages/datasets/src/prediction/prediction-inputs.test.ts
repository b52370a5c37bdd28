import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { uniqueNames } from "./prediction-inputs.ts";

const inputs = (...files: readonly string[]) => files.map((file) => ({ file, key: `/${file}` }));

test("no two files share a result's name", () => {
  assert.deepEqual(uniqueNames(inputs("x/a.png", "y/a.jpg", "a-2.png", "z/A.png", "b.nii.gz")), [
    "a",
    "a-2",
    "a-2-2",
    "A-3",
    "b",
  ]);
});

test("a series is called by all of its UID", () => {
  assert.deepEqual(uniqueNames(inputs("pacs/series/1.2.840.7")), ["1.2.840.7"]);
});

test("what looks like an ending is part of a folder's name", () => {
  const series = (folder: string) => ({ file: folder, key: folder, files: [`${folder}/1`, `${folder}/2`] });
  assert.deepEqual(uniqueNames([series("x/patient.01"), series("x/patient.02")]), ["patient.01", "patient.02"]);
});

test("a folder that is given as . is called by its name", () => {
  assert.deepEqual(uniqueNames(inputs(".")), [basename(process.cwd())]);
});

test("a file that has a result keeps its name when others are given beside it, or in its place", () => {
  const known = new Map([
    ["/x/a.png", "a"],
    ["/y/a.png", "a-2"],
  ]);
  assert.deepEqual(uniqueNames(inputs("y/a.png", "z/a.png"), known), ["a-2", "a-3"]);
});
