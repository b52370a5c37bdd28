import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { findLayout, layouts } from "./registry.ts";
import { listed, pairs, sampleSource } from "./sample-source.ts";
import { SourceFolder } from "./source-folder.ts";

const found = async (source: string, name?: string) => await findLayout(new SourceFolder(source), name);

test("names are different, lower case, and the last layout takes anything", async () => {
  const names = layouts.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((name) => /^[a-z0-9-]+$/.test(name)));
  assert.equal(names.at(-1), "folder");
  assert.equal((await found(sampleSource())).name, "folder");
});

test("a layout is taken by its name, whatever the folder looks like", async () => {
  const source = sampleSource("Image_01L.jpg", "Image_01L_1stHO.png");
  assert.equal((await found(source)).name, "chase-db1");
  assert.equal((await found(source, "folder")).name, "folder");
});

test("a manifest counts before all else", async () => {
  assert.equal((await found(sampleSource("cases.csv", "Image_01L.jpg", "Image_01L_1stHO.png"))).name, "cases");
});

test("several data sets in one folder are not read as a plain one, unless asked for", async () => {
  const films = "xray/CheXpert-v1.0-small/train/patient00001/study1";
  const source = sampleSource("CHASE/Image_01L.jpg", `${films}/view1_frontal.jpg`, "mine/a.png", "mine/b.png");
  await assert.rejects(found(source), {
    code: "ERR_LAYOUT_SEVERAL",
    message: /expected one data set, got CHASE_DB1 in CHASE\/, CheXpert in xray\/$/,
  });
  assert.equal((await found(source, "folder")).name, "folder");
  assert.equal((await found(join(source, "mine"))).name, "folder");
});

test("an unknown name is refused with the known ones", async () => {
  const message = /expected cases, chexpert, .*folder, got "chexprt"/;
  await assert.rejects(found(sampleSource(), "chexprt"), { code: "ERR_LAYOUT_UNKNOWN", message });
});

test("a layout of one's own is loaded from its file", async () => {
  const source = sampleSource("scans/p1.png", {
    "mine.mjs": `export default {
      name: "mine",
      title: "Mine",
      isPublished: false,
      recognize: () => true,
      async *list(folder) {
        for (const path of folder.walk("scans")) yield { key: path, files: [folder.at(path)], patient: "one" };
      },
    };`,
  });
  const layout = await found(source, join(source, "mine.mjs"));
  assert.equal(layout.name, "mine");
  assert.deepEqual(pairs(await listed(layout, source)), ["scans/p1.png: "]);
});

test("a file that is no layout, is broken or missing is refused", async () => {
  const source = sampleSource({ "none.mjs": "export default { name: 'x' };", "broken.ts": "export default {" });
  for (const [file, message] of [
    ["none.mjs", /no layout/],
    ["broken.ts", /cannot be loaded/],
    ["missing.ts", /cannot be loaded/],
  ] as const) {
    await assert.rejects(found(source, join(source, file)), { code: "ERR_LAYOUT_MODULE", message });
  }
});

test("folders whose names are the user's have one space of patients; a data set's are its own", () => {
  const inOwn = layouts.filter(({ patientSpace }) => patientSpace === "own").map(({ name }) => name);
  assert.deepEqual(inOwn, ["cases", "nnunet-raw", "msd", "dicomdir", "dicom-tree", "folder"]);
});
