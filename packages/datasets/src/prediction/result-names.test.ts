import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { baseOfFile, baseOfFolder, uniqueNames } from "./result-names.ts";

const inputs = (...files: readonly string[]) => files.map((file) => ({ base: baseOfFile(file), key: `/${file}` }));

const series = (folder: string) => ({ base: baseOfFolder(folder), key: folder });

test("no two files share a result's name", () => {
  assert.deepEqual(uniqueNames(inputs("x/a.png", "y/a.jpg", "a-2.png", "z/A.png", "b.nii.gz")), [
    "a",
    "a-2",
    "a-2-2",
    "A-3",
    "b",
  ]);
});

test("files of one name are as many as a data set has", () => {
  const many = inputs(...Array.from({ length: 50_000 }, (_, i) => `p${i}/view1.jpg`));
  const names = uniqueNames(many);
  assert.equal(names.at(-1), "view1-50000");
  const known = new Map(many.map(({ key }, i) => [key, names[i]!]));
  assert.deepEqual(uniqueNames(inputs("new/view1.jpg", "more/VIEW1.jpg"), known), ["view1-50001", "VIEW1-50002"]);
});

test("what looks like an ending is part of a folder's name", () => {
  assert.deepEqual(uniqueNames([series("x/patient.01"), series("x/patient.02")]), ["patient.01", "patient.02"]);
});

test("a folder that is given as . is called by its name, a disk's by something", () => {
  assert.equal(baseOfFolder("."), basename(process.cwd()));
  assert.notEqual(baseOfFolder("/"), "");
});

test("a file that has a result keeps its name when others are given beside it, or in its place", () => {
  const known = new Map([
    ["/x/a.png", "a"],
    ["/y/a.png", "a-2"],
  ]);
  assert.deepEqual(uniqueNames(inputs("y/a.png", "z/a.png"), known), ["a-2", "a-3"]);
});

test("names of scans of one input are never those of another, whichever comes first", () => {
  const [film] = inputs("x-scan1.dcm");
  assert.deepEqual(uniqueNames([film!, series("x")]), ["x-scan1", "x-2"]);
  assert.deepEqual(uniqueNames([series("x"), film!]), ["x", "x-scan1-2"]);
  assert.deepEqual(uniqueNames([film!], new Map([["study/x", "X"]])), ["x-scan1-2"]);
  assert.deepEqual(uniqueNames([series("x")], new Map([["/x-scan1.png", "x-scan1"]])), ["x-2"]);
});

test("a picture has one scan: the names of others are left to others", () => {
  assert.deepEqual(uniqueNames(inputs("x.png", "x-scan1.png", "x-scan2.dcm")), ["x", "x-scan1", "x-scan2"]);
});

test("an accent that is written in two ways is one name", () => {
  assert.deepEqual(uniqueNames(inputs("x/\u00e9.png", "y/e\u0301.png")), ["\u00e9", "e\u0301-2"]);
});

test("only an image's ending is one", () => {
  const names = ["IM.0001", "IM.0002", "CT.1.2.840", "a.IMA", "b.nii.gz", "c.ppm.gz", "d.dcm", "e ..png"];
  assert.deepEqual(uniqueNames(inputs(...names)), ["IM.0001", "IM.0002", "CT.1.2.840", "a", "b", "c", "d", "e ."]);
});

test("a name that is too long for the endings of results is cut between characters, and stays one of its own", () => {
  const long = (end: string) => `${"\u00e9".repeat(100)}${end}.png`;
  const names = uniqueNames(inputs(long("1"), long("2"), `a${"\u{1f4a1}".repeat(60)}.png`));
  assert.deepEqual(names, ["\u00e9".repeat(100), `${"\u00e9".repeat(100)}-2`, `a${"\u{1f4a1}".repeat(49)}`]);
});
