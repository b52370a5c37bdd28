import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { dicomTree } from "./dicom-tree.ts";
import { folderOf, listAll } from "./miniature.ts";
import { findLayout } from "./registry.ts";
import { ctSlice, type DicomElements, dicomFile, dicomImage, SOP_CLASSES } from "./sample-dicom.ts";
import { SourceFolder } from "./source-folder.ts";

const film = (sopUid: string, viewPosition: string, rest: DicomElements = {}) =>
  dicomImage({
    "00080016": SOP_CLASSES.cr,
    "00080018": sopUid,
    "00080060": "CR",
    "00100020": "P2",
    "00100021": "St Elsewhere",
    "00185101": viewPosition,
    "0020000D": "1.2.3.2",
    "0020000E": "1.2.3.2.1",
    ...rest,
  });

const segmentation = (series: string, instance: string, sopUid: string) =>
  dicomFile({
    "00080016": SOP_CLASSES.seg,
    "00080018": sopUid,
    "00080060": "SEG",
    "00081115": [{ "0020000E": series, "0008114A": [{ "00081155": instance }] }],
    "0020000D": "1.2.3.1",
    "0020000E": "1.2.3.1.9",
    "00280010": 16,
    "00280011": 16,
    "00280100": 1,
  });

const report = dicomFile({ "00080016": SOP_CLASSES.sr, "00080018": "1.2.3.1.8", "00080060": "SR", "00100020": "P1" });

/** The end of a file without preamble and meta information. */
const bare = (file: Uint8Array) => file.subarray(128 + 4 + 8 + 20);

const files = {
  "DOE^JANE/1/0001": ctSlice(1, 30),
  "DOE^JANE/1/0002": ctSlice(2, 10),
  "DOE^JANE/1/0003.ima": ctSlice(3, 20),
  "DOE^JANE/seg": segmentation("1.2.3.1.1", "1.2.3.1.1.2", "1.2.3.1.9.1"),
  "DOE^JANE/sr": report,
  "films/1.2.3.2.1.1": film("1.2.3.2.1.1", "PA"),
  "films/1.2.3.2.1.2": film("1.2.3.2.1.2", "LL"),
  "films/viewer.exe": "MZ",
  "films/README": "These are films.",
};

const shape = ({ files: paths, ...item }: { files: readonly string[] }) => ({
  ...item,
  files: paths.map((path) => basename(path)),
});

test("a tree of nameless files: volumes in order, films one by one, the rest counted", async () => {
  const folder = folderOf(files);
  assert.equal((await findLayout(folder)).name, "dicom-tree");
  const { items, notes } = await listAll(dicomTree, folder);
  assert.deepEqual(items.map(shape), [
    {
      files: ["0002", "0003.ima", "0001"],
      key: "1.2.3.1/1.2.3.1.1",
      masks: [{ file: folder.at("DOE^JANE/seg") }],
      patient: "P1",
      study: "1.2.3.1",
      series: "1.2.3.1.1",
      modality: "ct",
    },
    {
      files: ["1.2.3.2.1.1"],
      key: "1.2.3.2/1.2.3.2.1/1.2.3.2.1.1",
      masks: [],
      patient: "P2",
      study: "1.2.3.2",
      series: "1.2.3.2.1",
      modality: "xray",
      view: "frontal",
      projection: "PA",
    },
    {
      files: ["1.2.3.2.1.2"],
      key: "1.2.3.2/1.2.3.2.1/1.2.3.2.1.2",
      masks: [],
      patient: "P2",
      study: "1.2.3.2",
      series: "1.2.3.2.1",
      modality: "xray",
      view: "lateral",
    },
  ]);
  assert.deepEqual(notes, ["objects without an image were left out: 1 SR", "2 files are no DICOM and were left out"]);
});

test("no name of a person, of a file or of a folder is in a key or a note", async () => {
  const { items, notes } = await listAll(
    dicomTree,
    folderOf({ ...files, "DOE^JANE/broken.dcm": ctSlice(4, 40).subarray(0, 300) }),
  );
  const said = JSON.stringify([notes, items.map(({ files: _, masks: __, ...item }) => item)]);
  assert.doesNotMatch(said, /doe|jane|films|broken|viewer/i);
});

test("broken DICOM files are items by themselves, so that their reason is told; the rest of the series goes on", async () => {
  const folder = folderOf({
    "a/1": ctSlice(1, 0),
    "a/2": ctSlice(2, 5).subarray(0, 300),
    "a/3": ctSlice(3, 10),
    "a/empty.dcm": "",
    "a/text.dcm": "no DICOM at all, whatever its name says",
  });
  const { items } = await listAll(dicomTree, folder);
  assert.deepEqual(
    items.map(({ files: paths }) => paths.map((path) => basename(path))),
    [["2"], ["empty.dcm"], ["text.dcm"], ["1", "3"]],
  );
  assert.ok(items.slice(0, 3).every(({ key }) => /^unreadable\/[0-9a-f]{16}$/.test(key)));
  assert.equal(new Set(items.map(({ key }) => key)).size, 4);
});

test("an image that was cut off between two elements of its header is broken, and no object without an image", async () => {
  const whole = ctSlice(2, 5);
  // Behind the last element before the rows.
  const end = Buffer.from(whole).indexOf(Buffer.from([0x28, 0x00, 0x10, 0x00]));
  const folder = folderOf({ "a/1": ctSlice(1, 0), "a/cut": whole.subarray(0, end), sr: report, text: "no DICOM" });
  const { items, notes } = await listAll(dicomTree, folder);
  assert.deepEqual(
    items.map(({ files: paths, key }) => [paths.map((path) => basename(path)), key.startsWith("unreadable/")]),
    [
      [["cut"], true],
      [["1"], false],
    ],
  );
  assert.deepEqual(notes, ["objects without an image were left out: 1 SR", "1 files are no DICOM and were left out"]);
  const entries = await Array.fromAsync(dicomTree.list(folder));
  const examples = entries.flatMap((entry) => ("note" in entry ? (entry.example ?? []) : []));
  assert.deepEqual(examples, [folder.at("text")]);
});

test("files without preamble, and headers longer than the first read", async () => {
  const long = { "00091001": new Uint8Array(100_000), "00091002": new Uint8Array(2 ** 20) };
  const folder = folderOf({ "a/1": bare(ctSlice(1, 0)), "a/2": ctSlice(2, 5, long), "a/3": ctSlice(3, 10) });
  const { items } = await listAll(dicomTree, folder);
  assert.deepEqual(
    items.map(shape).map((item) => item.files),
    [["1", "2", "3"]],
  );
});

test("a copied file is left out; what shares a UID or a place with another image is not lost", async () => {
  const folder = folderOf({
    "a/1": ctSlice(1, 0),
    "a/2": ctSlice(2, 5),
    "a/same-uid": ctSlice(3, 10, { "00080018": "1.2.3.1.1.1" }),
    "a/same-place": ctSlice(4, 5),
    "copy/1": ctSlice(1, 0),
  });
  const { items, notes } = await listAll(dicomTree, folder);
  const names = items.map(({ files }) => files.map((file) => basename(file)));
  assert.deepEqual(names[0], ["1", "2"]);
  assert.deepEqual(names.flat().sort(), ["1", "2", "same-place", "same-uid"]);
  assert.equal(new Set(items.map(({ key }) => key)).size, items.length);
  assert.deepEqual(notes, ["1 files are copies of others and were left out"]);
});

test("a series with a localizer is two volumes; the segmentation belongs to the one that it names", async () => {
  const coronal = { "00200037": "1\\0\\0\\0\\0\\-1" };
  const folder = folderOf({
    "1": ctSlice(1, 0),
    "2": ctSlice(2, 5),
    "7": ctSlice(7, 0, coronal),
    seg: segmentation("1.2.3.1.1", "1.2.3.1.1.2", "1.2.3.1.9.1"),
    lost: segmentation("1.2.3.1.7", "1.2.3.1.7.2", "1.2.3.1.9.2"),
  });
  const { items, notes } = await listAll(dicomTree, folder);
  const byKey = Object.fromEntries(items.map(({ key, files: paths, masks }) => [key, [paths.length, masks?.length]]));
  assert.deepEqual(byKey, { "1.2.3.1/1.2.3.1.1/1.2.3.1.1.1": [2, 1], "1.2.3.1/1.2.3.1.1/1.2.3.1.1.7": [1, 0] });
  assert.deepEqual(notes, ["1 segmentations belong to series that are not here"]);
});

test("without a patient number a study is a patient; one number for everybody is doubted", async () => {
  const study = (n: number, rest: DicomElements) =>
    ctSlice(n, 0, { "00080018": `1.9.${n}`, "0020000D": `1.2.${n}`, "0020000E": `1.2.${n}.1`, ...rest });
  const nameless = await listAll(
    dicomTree,
    folderOf({ a: study(1, { "00100020": "" }), b: study(2, { "00100020": " " }) }),
  );
  assert.deepEqual(
    nameless.items.map(({ patient }) => patient),
    ["1.2.1", "1.2.2"],
  );
  assert.deepEqual(nameless.notes, ["2 series have no patient number: a study counts as a patient"]);
  const four = folderOf(Object.fromEntries([1, 2, 3, 4].map((n) => [String(n), study(n, { "00100020": "ANON" })])));
  assert.match((await listAll(dicomTree, four)).notes.join(), /all 4 studies have one patient number/);
  const three = folderOf(Object.fromEntries([1, 2, 3].map((n) => [String(n), study(n, { "00100020": "ANON" })])));
  assert.deepEqual((await listAll(dicomTree, three)).notes, []);
});

test("a folder of pictures with one DICOM file among them is no tree of DICOM", async () => {
  const pictures = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}.png`, "png"]));
  assert.equal(await dicomTree.recognize(folderOf({ ...pictures, "a.dcm": ctSlice(1, 0) })), false);
  assert.equal(await dicomTree.recognize(folderOf({ "a.dcm": ctSlice(1, 0), "a.json": "{}", "b.json": "{}" })), true);
  assert.equal(await dicomTree.recognize(folderOf({})), false);
});

const shared = join(import.meta.dirname, "../../../../../shared/data/dicom-transfer-syntaxes");

test("one slice in many transfer syntaxes: none is lost", {
  skip: !existsSync(shared) && "the data set is not on this machine",
}, async () => {
  const folder = new SourceFolder(shared);
  assert.equal((await findLayout(folder)).name, "dicom-tree");
  const { items, notes } = await listAll(dicomTree, folder);
  assert.equal(items.length, 18);
  assert.equal(new Set(items.map(({ key }) => key)).size, 18);
  assert.equal(items.filter(({ modality }) => modality === "ct").length, 16);
  assert.deepEqual(notes, [
    "objects without an image were left out: 1 SR",
    "1 files are no DICOM and were left out",
    "1 series have no patient number: a study counts as a patient",
  ]);
});
