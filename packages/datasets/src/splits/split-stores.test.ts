import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { ledgerPath } from "../private/ledger.ts";
import { shortHash } from "../private/pseudonyms.ts";
import { noise, patientHash, type WrittenCase, writtenStore } from "../testing/written-store.ts";
import { relatedNames } from "./independence.ts";
import { casesOfPatients, drawPatients } from "./split.ts";
import { parseSplit, patientsOnTwoSides, readSplit, writeSplit } from "./split-file.ts";
import { splitStores } from "./split-stores.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-splits-"));
test.after(() => rmSync(folder, { recursive: true }));
let numStores = 0;
const storeOf = (cases: readonly WrittenCase[], options = {}) =>
  writtenStore(join(folder, `${numStores++}`), cases, options);

/** `count` patients with one masked image each. */
const patientsOf = (source: string, count: number, more: Partial<WrittenCase> = {}): WrittenCase[] =>
  Array.from({ length: count }, (_, i) => ({ source, patient: `${source} ${i}`, labels: [1], ...more }));

/** Stores with several images a patient, patients in several sources, and images without masks. */
const rows = fc
  .array(fc.tuple(fc.nat(30), fc.constantFrom("a", "b", "c"), fc.constantFrom([], [1], [1, 2]), fc.nat(2)), {
    minLength: 4,
    maxLength: 60,
  })
  .map((list) =>
    list.map(
      ([patient, source, labels, stratum]): WrittenCase => ({
        patient: `p${patient}`,
        source,
        stratum: `s${stratum}`,
        ...(labels.length === 0 ? {} : { labels }),
      }),
    ),
  )
  .filter((cases) => new Set(cases.filter(({ labels }) => labels).map(({ patient }) => patient)).size >= 3);

test("every patient with a mask is on exactly one side, in the shares that were asked for", () => {
  fc.assert(
    fc.property(rows, fc.integer(), fc.double({ min: 0.01, max: 0.6, noNaN: true }), (cases, seed, testFraction) => {
      const split = splitStores([storeOf(cases)], { seed, testFraction, validationFraction: 0.2 });
      const patients = new Set(cases.flatMap(({ labels, patient }) => (labels ? [patientHash(patient!)] : [])));
      const all = [...split.train, ...split.validation, ...split.test];
      assert.equal(all.length, patients.size);
      assert.deepEqual(new Set(all), patients);
      assert.ok(split.train.length >= 1 && split.test.length >= 1);
      assert.ok(Math.abs(split.test.length - patients.size * testFraction) <= 1);
      for (const side of ["train", "validation", "test"] as const) {
        assert.equal(
          split.sources.reduce((sum, source) => sum + source[side], 0),
          split[side].length,
        );
      }
    }),
    { seed: 1, numRuns: 25 },
  );
});

test("the split depends on the seed and the patients, not on the order of the images or of the stores", () => {
  const withContent = (cases: WrittenCase[]) =>
    cases.map((written, i) => ({ ...written, content: shortHash(`${written.source} ${i}`) }));
  const [one, two] = [withContent(patientsOf("a", 20)), withContent(patientsOf("b", 15))];
  const options = { seed: 3, testFraction: 0.3 };
  const split = splitStores([storeOf(one), storeOf(two)], options);
  const turned = splitStores([storeOf(two.toReversed()), storeOf(one.toReversed())], options);
  assert.deepEqual([turned.train, turned.test, turned.draws], [split.train, split.test, split.draws]);
  const store = storeOf(patientsOf("a", 40));
  const halves = [0, 1, 2].map((seed) => splitStores([store], { seed, testFraction: 0.5 }).test.join());
  assert.equal(new Set(halves).size, 3);
});

test("each source keeps its share: Montgomery 138 and Shenzhen 566 give 28 and 113 of 704", () => {
  const store = storeOf([...patientsOf("montgomery", 138), ...patientsOf("shenzhen", 566)]);
  const split = splitStores([store], { seed: 0, testFraction: 0.2 });
  assert.equal(split.train.length, 563);
  assert.deepEqual(
    split.sources.map(({ name, way, test: held }) => [name, way, held]),
    [
      ["montgomery", "seeded", 28],
      ["shenzhen", "seeded", 113],
    ],
  );
  const counts = [1, 5, 10, 100].map((percent) => drawPatients(split, percent, 0).length);
  assert.deepEqual(counts, [6, 29, 57, 563]);
});

test("each stratum keeps its share", () => {
  const cases = [
    ...patientsOf("a", 60, { stratum: "normal" }),
    ...patientsOf("a", 100, { stratum: "tuberculosis" }).slice(60),
  ];
  const store = storeOf(cases);
  for (let seed = 0; seed < 10; seed++) {
    const { test: held } = splitStores([store], { seed, testFraction: 0.2 });
    const normal = new Set(
      cases.filter(({ stratum }) => stratum === "normal").map(({ patient }) => patientHash(patient!)),
    );
    assert.equal(held.filter((id) => normal.has(id)).length, 12);
    assert.equal(held.length, 20);
  }
});

test("a rare label never falls on one side whole", () => {
  // Two of forty patients have a tumor: chance alone would leave the test without one in 64 % of the splits.
  const cases = patientsOf("a", 40).map((one, i) => ({ ...one, labels: i % 20 === 7 ? [1, 2] : [1] }));
  const store = storeOf(cases);
  for (let seed = 0; seed < 20; seed++) {
    const { labels } = splitStores([store], { seed, testFraction: 0.2 });
    assert.deepEqual(labels, [
      { name: "organ", train: 32, validation: 0, test: 8 },
      { name: "tumor", train: 1, validation: 0, test: 1 },
    ]);
  }
});

test("an official split is kept; where its test has no masks, validation is the test; else chance, which is said", () => {
  const official = (source: string, sides: readonly ("train" | "validation" | "test" | null)[], masked = true) =>
    sides.map(
      (split, i): WrittenCase => ({ source, patient: `${source} ${i}`, split, ...(masked ? { labels: [1] } : {}) }),
    );
  const store = storeOf([
    ...official("acdc", ["train", "train", "train", "test"]),
    ...official("amos", ["train", "train", "validation"]),
    ...official("amos", ["test", "test"], false).map((one) => ({ ...one, patient: `hidden ${one.patient}` })),
    ...official("drive", ["train", "train", "train", "train", "train"]),
    ...official("partly", ["train", "test", null]),
    ...patientsOf("plain", 10),
  ]);
  const split = splitStores([store], { seed: 0, testFraction: 0.2 });
  const told = Object.fromEntries(
    split.sources.map(({ name, way, train, test: held, note }) => [name, [way, train, held, note]]),
  );
  assert.deepEqual(told, {
    acdc: ["official", 3, 1, undefined],
    amos: ["official", 2, 1, "its validation patients are the test, of whom masks are here"],
    drive: ["seeded", 4, 1, "nobody of its official test patients is here with a mask"],
    partly: ["official", 2, 1, "1 patients without an official side are trained with"],
    plain: ["seeded", 8, 2, undefined],
  });
  assert.ok(split.test.includes(patientHash("acdc 3")) && split.test.includes(patientHash("amos 2")));
  const seeded = splitStores([store], { seed: 0, testFraction: 0.2, way: "seeded" });
  assert.ok(seeded.sources.every(({ way }) => way === "seeded"));
  assert.throws(() => splitStores([store], { seed: 0, testFraction: 0.2, way: "official" }), {
    code: "ERR_SPLIT_OFFICIAL",
    message: /"drive": nobody of its official test/,
  });
});

test("a patient of two sources has one side: where one of them tests, nobody trains", () => {
  const store = storeOf([
    { source: "lits", patient: "17", split: "train", labels: [1] },
    { source: "lits", patient: "18", split: "train", labels: [1] },
    { source: "lits", patient: "19", split: "test", labels: [1] },
    { source: "msd", patient: "17", split: "test", labels: [1] },
    { source: "msd", patient: "20", split: "train", labels: [1] },
    { source: "msd", patient: "21", split: "train", labels: [1] },
  ]);
  const split = splitStores([store], { seed: 0, testFraction: 0.2 });
  assert.deepEqual(split.test.toSorted(), [patientHash("17"), patientHash("19")].sort());
  assert.match(split.sources.find(({ name }) => name === "msd")!.note!, /1 patients have several official sides/);
});

test("without masks all patients are split", () => {
  const store = storeOf(Array.from({ length: 10 }, (_, i) => ({ patient: `p${i}` })));
  const split = splitStores([store], { seed: 0, testFraction: 0.2 });
  assert.deepEqual([split.train.length, split.test.length], [8, 2]);
});

test("a draw holds the rounded-up share of the training patients, nested over percentages, and is in the file", () => {
  const split = splitStores([storeOf(patientsOf("a", 97))], {
    seed: 5,
    testFraction: 0.2,
    fractions: [5, 100, 1],
    draws: 2,
  });
  assert.deepEqual(
    split.draws.map(({ percent, draw, patients }) => [percent, draw, patients.length]),
    [
      [1, 0, 1],
      [1, 1, 1],
      [5, 0, 4],
      [5, 1, 4],
      [100, 0, 78],
    ],
  );
  for (const { percent, draw, patients } of split.draws) {
    assert.deepEqual(drawPatients(split, percent, draw), patients);
    assert.ok(patients.every((patient) => split.train.includes(patient)));
    const larger = new Set(drawPatients(split, Math.min(percent + 20, 100), draw));
    assert.ok(patients.every((patient) => larger.has(patient)));
  }
  const draws = [0, 1, 2, 3].map((draw) => drawPatients(split, 5, draw).join());
  assert.equal(new Set(draws).size, 4);
});

test("what cannot be split is a user's error", () => {
  const options = { seed: 0, testFraction: 0.2 };
  assert.throws(() => splitStores([storeOf(patientsOf("a", 1))], options), {
    code: "ERR_SPLIT_FEW",
    message: /1 among 1/,
  });
  const store = storeOf(patientsOf("a", 9));
  for (const testFraction of [0, 1, -0.1, Number.NaN]) {
    assert.throws(() => splitStores([store], { seed: 0, testFraction }), { code: "ERR_SPLIT_FRACTION" });
  }
  assert.throws(() => splitStores([store], { ...options, validationFraction: 0.8 }), { code: "ERR_SPLIT_FRACTION" });
  for (const percent of [0, 101, Number.NaN]) {
    assert.throws(() => splitStores([store], { ...options, fractions: [percent] }), { code: "ERR_SPLIT_PERCENT" });
  }
});

const unknown = (count: number): WrittenCase[] => Array.from({ length: count }, () => ({ labels: [1] }));
const options = { seed: 0, testFraction: 0.2 };

test("unknown patients whose images look unrelated are split, and one who is told may overrule what looks related", () => {
  assert.equal(splitStores([storeOf(unknown(20), { size: 64 })], options).test.length, 4);
  const copied = unknown(20).map((one, i) => ({ ...one, pixels: noise(i === 7 ? 3 : i, 64) }));
  const store = storeOf(copied, { size: 64 });
  assert.throws(() => splitStores([store], options), {
    code: "ERR_SPLIT_UNKNOWN_PATIENTS",
    message: /20 images of source .* a picture is there more than once/,
    hint: /--patient-pattern.*cases\.csv.*--assume-independent/,
  });
  const split = splitStores([store], { ...options, assumeIndependent: true });
  assert.equal(split.isIndependenceAssumed, true);
  assert.equal(split.test.length, 4);
});

test("unknown patients with a picture that is nearly another one are refused", () => {
  const brighter = noise(3, 64).map((value) => Math.min(value * 1.2 + 4, 255));
  const store = storeOf(
    unknown(12).map((one, i) => ({ ...one, pixels: i === 7 ? Uint8Array.from(brighter) : noise(i, 64) })),
    { size: 64 },
  );
  assert.throws(() => splitStores([store], options), {
    code: "ERR_SPLIT_UNKNOWN_PATIENTS",
    message: /source\/0003 and source\/0007 are nearly the same picture/,
  });
});

test("unknown patients whose files are numbered like slices are refused; without private/ nobody knows", () => {
  const store = storeOf(unknown(12), { size: 64 });
  const ledger = new DatabaseSync(ledgerPath(store.dir));
  const note = ledger.prepare("INSERT INTO items VALUES (?, ?, '', '')");
  for (let i = 0; i < 12; i++) note.run(`source/${String(i).padStart(4, "0")}`, `/scans/patient${i % 3}_${i}.png`);
  ledger.close();
  assert.throws(() => splitStores([store], options), {
    message: /12 of 12 file names are 3 beginnings with running numbers/,
  });
  rmSync(join(store.dir, "private"), { recursive: true });
  assert.equal(splitStores([store], options).test.length, 2);
});

test("own patients of stores with different salts are refused, since one may be in both; published ones compare", () => {
  const ofSalt = (salt: string, own = true) =>
    storeOf(
      patientsOf("a", 6).map((one, i) => ({
        ...one,
        id: own ? `a/${shortHash(`${salt} ${i}`).slice(0, 20)}` : `a/im${i}`,
      })),
      { salt },
    );
  const [one, two] = [ofSalt("one"), ofSalt("two")];
  assert.throws(() => splitStores([one, two], options), {
    code: "ERR_SALTS_DIFFER",
    message: /different salts/,
    hint: /--salt-file.*--assume-independent/,
  });
  assert.equal(splitStores([one, two], { ...options, assumeIndependent: true }).isIndependenceAssumed, true);
  assert.equal(splitStores([one, ofSalt("one")], options).isIndependenceAssumed, false);
  assert.equal(splitStores([one, ofSalt("two", false)], options).isIndependenceAssumed, false);
});

test("running numbers are related where their beginnings are many, not where they number the images of a folder", () => {
  const numbered = (...stems: string[]) => stems.flatMap((stem) => [1, 2, 3].map((i) => `/data/${stem}${i}.png`));
  assert.deepEqual(relatedNames(numbered("p1_", "p2_")), { images: 6, groups: 2 });
  assert.deepEqual(relatedNames(numbered("ann-", "bob-", "cat-", "dan-", "eve-")), { images: 15, groups: 5 });
  assert.deepEqual(relatedNames(numbered("p1/", "p2/", "p3/", "p4/", "p5/")), { images: 15, groups: 5 });
  assert.equal(relatedNames(numbered("image_")), undefined);
  assert.equal(relatedNames(numbered("normal_", "tuberculosis_")), undefined);
  assert.equal(relatedNames(["/a/CHNCXR_0001_0.png", "/a/CHNCXR_0002_1.png", "/a/CHNCXR_0003_0.png"]), undefined);
  assert.equal(relatedNames([]), undefined);
});

test("cases are found by patient, only those with masks; a split of another store is refused", () => {
  const { cases } = storeOf([{ patient: "p", labels: [1] }, { patient: "p" }, { patient: "q", labels: [1] }]);
  assert.deepEqual(
    casesOfPatients(cases, [patientHash("p")]).map(({ id }) => id),
    ["source/0000"],
  );
  assert.throws(() => casesOfPatients(cases, [patientHash("p"), "stranger"]), {
    code: "ERR_SPLIT_FOREIGN",
    message: /"stranger"/,
  });
});

test("a split comes back from its file; version 1 is read; a damaged or leaking file is refused", () => {
  const path = join(folder, "split.json");
  const split = splitStores([storeOf(patientsOf("a", 9))], { ...options, validationFraction: 0.2 });
  writeSplit(path, split);
  assert.deepEqual(readSplit(path), split);
  const { seed, testFraction, train, test: held } = split;
  writeFileSync(path, JSON.stringify({ version: 1, seed, testFraction, train, test: held }));
  const old = readSplit(path);
  assert.deepEqual([old.train, old.test, old.validation, old.draws], [train, held, [], []]);
  assert.deepEqual(drawPatients(old, 50, 1), drawPatients(split, 50, 1));
  const wrong = [
    "{",
    "[]",
    "null",
    JSON.stringify({ ...split, version: 3 }),
    JSON.stringify({ ...split, train: undefined }),
    JSON.stringify({ ...split, test: [7] }),
    JSON.stringify({ ...split, test: [split.train[0]] }),
  ];
  for (const text of wrong) {
    writeFileSync(path, text);
    assert.throws(() => readSplit(path), { code: "ERR_SPLIT_FILE" }, text);
  }
  assert.deepEqual(patientsOnTwoSides(parseSplit(path)), new Map([[split.train[0], ["train", "test"]]]));
  assert.throws(() => readSplit(join(folder, "none.json")), { code: "ERR_SPLIT_FILE" });
});
