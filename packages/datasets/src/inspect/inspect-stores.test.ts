import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ledgerPath } from "../private/ledger.ts";
import type { Split } from "../splits/split.ts";
import { splitStores } from "../splits/split-stores.ts";
import { noise, patientHash, type WrittenCase, writtenStore } from "../testing/written-store.ts";
import { inspectStores } from "./inspect-stores.ts";
import type { Inspection, Severity } from "./inspection.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-inspect-"));
test.after(() => rmSync(folder, { recursive: true }));
let numStores = 0;
const SIZE = 64;
const storeOf = (cases: readonly WrittenCase[], options = {}) =>
  writtenStore(join(folder, `${numStores++}`), cases, { size: SIZE, ...options });

/** Patients p0, p1, ... with a picture of their own each. */
const patients = (count: number, more: Partial<WrittenCase> = {}): WrittenCase[] =>
  Array.from({ length: count }, (_, i) => ({ patient: `p${i}`, pixels: noise(i, SIZE), labels: [1], ...more }));

/** A picture as it is after a change of brightness. */
const nearly = (seed: number) => Uint8Array.from(noise(seed, SIZE), (value) => Math.min(value * 1.1 + 5, 255));

const of = (inspection: Inspection, severity: Severity) =>
  inspection.findings.filter((one) => one.severity === severity);
const checks = (inspection: Inspection, severity: Severity) => of(inspection, severity).map(({ check }) => check);
const finding = (inspection: Inspection, check: string) => {
  const found = inspection.findings.find((one) => one.check === check);
  assert.ok(found, check);
  return found;
};

test("of a clean store nothing is reported", () => {
  const cases = patients(12).map(
    (one, i): WrittenCase => ({ ...one, split: i < 9 ? "train" : "test", labels: [1, 2] }),
  );
  const inspection = inspectStores([storeOf(cases)]);
  assert.deepEqual([...of(inspection, "error"), ...of(inspection, "warning"), ...of(inspection, "note")], []);
  assert.deepEqual(checks(inspection, "ok"), [
    "split-patients",
    "split-images",
    "split-near-images",
    "same-images",
    "near-images",
    "unknown-patients",
    "pixels",
    "labels",
    "empty-masks",
    "quarantine",
    "blank-images",
    "burned-in",
  ]);
  assert.deepEqual(inspection.split, { file: undefined, patients: { train: 9, validation: 0, test: 3 } });
});

test("contents are counted and measured by source", () => {
  const flat = (value: number) => new Uint8Array(SIZE * SIZE).fill(value);
  const half = flat(0).fill(200, (SIZE * SIZE) / 2);
  const ct = new Int16Array(SIZE * SIZE).fill(-1000).fill(1000, 0, (SIZE * SIZE) / 2);
  const inspection = inspectStores([
    storeOf([
      {
        source: "films",
        patient: "a",
        pixels: half,
        labels: [1],
        stratum: "normal",
        view: "frontal",
        width: 300,
        height: 400,
      },
      { source: "films", patient: "a", pixels: half.toReversed(), width: 300, height: 400 },
      { source: "films", patient: "b", labels: new Uint8Array(SIZE * SIZE).fill(2, 0, SIZE), width: 500, height: 200 },
      {
        source: "scans",
        patient: "c",
        id: "scans/v#0000",
        recipe: "ct",
        pixels: ct,
        slices: 2,
        modality: "CT",
        spacingX: 0.7,
        spacingY: 0.7,
        spacingZ: 5,
        labels: [1],
      },
      {
        source: "scans",
        patient: "c",
        id: "scans/v#0001",
        recipe: "ct",
        pixels: ct,
        slices: 2,
        slice: 1,
        modality: "CT",
        spacingX: 0.7,
        spacingY: 0.7,
        spacingZ: 5,
        labels: [],
      },
    ]),
  ]);
  assert.deepEqual(inspection.totals, { patients: 3, studies: 0, items: 4, images: 5, masks: 4 });
  const [films, scans] = inspection.sources;
  assert.deepEqual(
    [films!.items, films!.maskedItems, films!.strata, films!.views],
    [3, 2, { normal: 1 }, { frontal: 1 }],
  );
  assert.deepEqual([scans!.items, scans!.images, scans!.maskedItems], [1, 2, 1]);
  const [picture, volume] = inspection.kinds;
  assert.deepEqual([picture!.width, picture!.height, picture!.numSizes], [[300, 500], [200, 400], 2]);
  assert.deepEqual(picture!.commonestSize, { size: "300x400", share: 2 / 3 });
  assert.deepEqual([volume!.unit, volume!.mean, volume!.std, volume!.low, volume!.high], ["HU", 0, 1000, -1000, 1000]);
  assert.deepEqual(
    [volume!.modalities, volume!.slices, volume!.spacingX, volume!.spacingZ],
    [["CT"], [2, 2], [0.7, 0.7], [5, 5]],
  );
  const labels = inspection.labels.map(({ source, name, images, items, patients: people, pixelShare }) => [
    source,
    name,
    images,
    items,
    people,
    pixelShare,
  ]);
  assert.deepEqual(labels, [
    ["films", "organ", 1, 1, 1, 0.5 / SIZE],
    ["films", "tumor", 1, 1, 1, 0.5 / SIZE],
    ["scans", "organ", 1, 1, 1, 0.5 / SIZE],
    ["scans", "tumor", 0, 0, 0, 0],
  ]);
  assert.ok(!checks(inspection, "note").includes("absent-labels"), "tumors occur in another source");
});

test("a leak of official splits is found: a patient, a picture and a near copy on both sides", () => {
  const cases: WrittenCase[] = [
    ...patients(6, { split: "train" }),
    { patient: "p0", split: "test", pixels: noise(20, SIZE) },
    { patient: "q1", split: "test", pixels: noise(1, SIZE) },
    { patient: "q2", split: "test", pixels: nearly(2) },
    { patient: "q3", split: "test", pixels: noise(23, SIZE) },
  ];
  const inspection = inspectStores([storeOf(cases)]);
  assert.deepEqual(checks(inspection, "error"), ["split-patients", "split-images", "split-near-images"]);
  assert.match(finding(inspection, "split-patients").title, /^1 patient is on two sides of the official splits/);
  assert.deepEqual(finding(inspection, "split-images").examples, ["source/0001 = source/0007 (train, test)"]);
  assert.match(
    finding(inspection, "split-near-images").examples![0]!,
    /^source\/0002 ~ source\/0008 \(train, test; likeness/,
  );
  assert.deepEqual(checks(inspection, "warning"), ["same-images", "near-images"]);
  assert.ok(!checks(inspectStores([storeOf(cases)], { isQuick: true }), "error").includes("split-near-images"));
});

test("a split file is checked in place of the official sides", () => {
  const store = storeOf(patients(20));
  const split = splitStores([store], { seed: 0, testFraction: 0.2 });
  const given = (changes: Partial<Split>) => ({ split: { name: "split.json", split: { ...split, ...changes } } });
  const clean = inspectStores([store], given({}));
  assert.deepEqual([...checks(clean, "error"), ...checks(clean, "warning")], []);
  assert.deepEqual(clean.split, { file: "split.json", patients: { train: 16, validation: 0, test: 4 } });
  const leaking = inspectStores([store], given({ test: [...split.test, split.train[0]!, split.train[1]!] }));
  assert.match(finding(leaking, "split-patients").title, /^2 patients are on two sides of the split/);
  const foreign = inspectStores([store], given({ test: [...split.test, patientHash("nobody")] }));
  assert.match(finding(foreign, "split-foreign").title, /^1 patient of the split is not in the stores/);
});

test("held-out pictures among those for pre-training are found in another store, the same and nearly so", () => {
  const labeled = storeOf(patients(6).map((one, i) => ({ ...one, split: i < 4 ? "train" : "test" })));
  const pool = storeOf([
    { source: "pool", patient: "x", pixels: noise(4, SIZE) },
    { source: "pool", patient: "y", pixels: nearly(5) },
    { source: "pool", patient: "z", pixels: nearly(0) },
  ]);
  const inspection = inspectStores([labeled, pool]);
  assert.deepEqual(checks(inspection, "error"), []);
  assert.match(finding(inspection, "pretraining-images").title, /^1 held-out picture is among images without a side/);
  assert.match(finding(inspection, "pretraining-near-images").title, /^1 held-out picture is/);
});

test("patients and pictures of two data sets are found, mirrored slices too", () => {
  const ct = (seed: number) => noise(seed, SIZE, true);
  const turned = (seed: number) => {
    const rows = Array.from({ length: SIZE }, (_, y) =>
      ct(seed)
        .slice(y * SIZE, (y + 1) * SIZE)
        .reverse(),
    );
    return Int16Array.from(rows.flatMap((row) => [...row]));
  };
  const inspection = inspectStores([
    storeOf([
      { source: "lits", patient: "17", recipe: "ct", pixels: ct(1) },
      { source: "lits", patient: "18", recipe: "ct", pixels: ct(2), id: "lits/v18#0000", slices: 2 },
      { source: "lits", patient: "18", recipe: "ct", pixels: ct(3), id: "lits/v18#0001", slices: 2, slice: 1 },
      { source: "msd", patient: "17", recipe: "ct", pixels: ct(4) },
      { source: "ircadb", patient: "a", recipe: "ct", pixels: turned(2), id: "ircadb/a#0000", slices: 2 },
      { source: "ircadb", patient: "a", recipe: "ct", pixels: turned(3), id: "ircadb/a#0001", slices: 2, slice: 1 },
    ]),
  ]);
  assert.deepEqual(finding(inspection, "shared-patients").examples, ["lits and msd: 1 patient"]);
  assert.equal(inspection.nearDuplicates?.count, 1, "two volumes, by their slices");
  assert.match(
    finding(inspection, "near-images").examples![0]!,
    /^lits\/v18#000. ~ ircadb\/a#000. \(likeness 1\.00, mirrored/,
  );
});

test("the same picture of one patient is a note, and so are slices of one volume that are alike", () => {
  const inspection = inspectStores([
    storeOf([
      { patient: "a", pixels: noise(1, SIZE) },
      { patient: "a", pixels: noise(1, SIZE) },
      { patient: "b", pixels: noise(2, SIZE), id: "source/v#0000", slices: 2 },
      { patient: "b", pixels: noise(2, SIZE), id: "source/v#0001", slices: 2, slice: 1 },
    ]),
  ]);
  assert.deepEqual(checks(inspection, "warning"), []);
  assert.match(finding(inspection, "same-images-of-one-patient").title, /^1 picture is/);
});

test("left and right of one name must be one patient", () => {
  const eyes = (patientOf: (i: number) => string) =>
    ["01L", "01R", "02L", "02R", "03L"].map((name, i) => ({ id: `source/Image_${name}`, patient: patientOf(i) }));
  const together = inspectStores([storeOf(eyes((i) => `${Math.floor(i / 2)}`))]);
  assert.match(finding(together, "left-and-right").title, /^2 pairs of left and right are of one patient each/);
  const parted = inspectStores([storeOf(eyes((i) => `${i < 2 ? 0 : i}`))]);
  assert.equal(finding(parted, "left-and-right").severity, "error");
  assert.deepEqual(finding(parted, "left-and-right").examples, ["source/Image_02L and source/Image_02R"]);
});

test("faults of masks and images are found", () => {
  const store = storeOf([
    ...patients(3),
    { patient: "empty", labels: [] },
    { patient: "volume", labels: [1], id: "source/v#0000", slices: 2 },
    { patient: "volume", labels: [], id: "source/v#0001", slices: 2, slice: 1 },
    { patient: "strange", labels: [1, 7] },
    { patient: "blank", pixels: new Uint8Array(SIZE * SIZE).fill(9) },
    { patient: "named", burnedIn: "tag" },
    { labels: [1] },
  ]);
  const ledger = new DatabaseSync(ledgerPath(store.dir));
  ledger.exec(
    "INSERT INTO quarantine VALUES ('/home/anna/smith.png', 'source', 'ERR_MASK_SIZE', '/home/anna/smith.png: 5x5')",
  );
  ledger.close();
  const inspection = inspectStores([store]);
  assert.deepEqual(finding(inspection, "absent-labels").examples, [`${store.name}: tumor`]);
  assert.deepEqual(finding(inspection, "empty-masks").examples, ["source/0003"]);
  assert.match(finding(inspection, "empty-slices").title, /^1 of 8 slices and images/);
  assert.deepEqual(finding(inspection, "labels").examples, ["source/0006: 7"]);
  assert.equal(finding(inspection, "labels").severity, "error");
  assert.deepEqual(finding(inspection, "blank-images").examples, ["source/0007"]);
  assert.deepEqual(finding(inspection, "burned-in").examples, ["source: 1 of 9 (the file says so)"]);
  assert.deepEqual(finding(inspection, "quarantine").examples, [
    "ERR_MASK_SIZE: 1 (mask and image have different sizes)",
  ]);
  assert.match(finding(inspection, "unknown-patients").title, /^Of 1 image nobody says/);
  assert.doesNotMatch(JSON.stringify(inspection), /anna|smith/, "what private/ says stays there");

  rmSync(join(store.dir, "private"), { recursive: true });
  truncateSync(store.shards[0]!.imagePath, 1000);
  const later = inspectStores([store], { isQuick: true });
  assert.match(finding(later, "quarantine-unknown").title, /stayed at home/);
  assert.deepEqual(finding(later, "pixels").examples, [`${store.name}/images/0000-picture-64x64.npy`]);
});

test("what is here is compared with what was published; a part of it is no fault", () => {
  const chase = (count: number) => {
    const cases = Array.from({ length: count }, (_, i) => ({ source: "chase-db1", patient: `${i % 14}`, labels: [1] }));
    return finding(inspectStores([storeOf(cases)], { isQuick: true }), "published");
  };
  assert.deepEqual([chase(28).severity, chase(20).severity, chase(30).severity], ["ok", "note", "warning"]);
  assert.deepEqual(chase(20).examples!.slice(0, 3), ["images 20 of 28", "patients 14 of 14", "masks 20 of 28"]);
});

test("stores with different salts say that their patients cannot be compared", () => {
  const named = (salt: string) => storeOf([{ id: "source/0123456789abcdef0123", patient: "a" }], { salt });
  const different = inspectStores([named("one"), named("two")], { isQuick: true });
  assert.match(finding(different, "salts").title, /cannot be compared/);
  assert.equal(finding(different, "salts").severity, "error");
  const equal = inspectStores([named("one"), named("one")], { isQuick: true });
  assert.ok(!equal.findings.some(({ check }) => check === "salts"));
});
