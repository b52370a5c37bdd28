import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { casesOfPatients, drawPatients, makeSplit, readSplit, writeSplit } from "./splits.ts";
import type { Case } from "./store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-splits-"));
test.after(() => rmSync(folder, { recursive: true }));

function caseOf(id: string, patient: string, source: string, hasMask: boolean): Case {
  return { id, patient, source, shard: 0, row: 0, hasMask, width: 8, height: 8, file: `${id}.png` };
}

/** `count` patients of one image each. */
const patientsOf = (source: string, count: number) =>
  Array.from({ length: count }, (_, i) => caseOf(`${source}/${i}`, `${source}/${i}`, source, true));

/** Stores with several images a patient, patients in several sources, and images without masks. */
const stores = fc
  .array(fc.tuple(fc.nat(30), fc.constantFrom("a", "b", "c"), fc.boolean()), { minLength: 2, maxLength: 120 })
  .map((rows) => rows.map(([patient, source, hasMask], i) => caseOf(`${i}`, `p${patient}`, source, hasMask)))
  .filter((cases) => new Set(cases.filter((one) => one.hasMask).map(({ patient }) => patient)).size >= 2);

test("every patient with a mask is on exactly one side, in the share that was asked for", () => {
  fc.assert(
    fc.property(stores, fc.integer(), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (cases, seed, testFraction) => {
      const { train, test: held } = makeSplit(cases, { seed, testFraction });
      const patients = new Set(cases.filter(({ hasMask }) => hasMask).map(({ patient }) => patient));
      assert.deepEqual(new Set([...train, ...held]), patients);
      assert.equal(train.length + held.length, patients.size);
      assert.ok(train.length >= 1 && held.length >= 1);
      assert.ok(Math.abs(held.length - patients.size * testFraction) <= 1);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("the split depends on the seed and the patients, not on the order of the cases", () => {
  fc.assert(
    fc.property(stores, fc.integer(), (cases, seed) => {
      const options = { seed, testFraction: 0.3 };
      assert.deepEqual(makeSplit(cases.toReversed(), options), makeSplit(cases, options));
    }),
    { seed: 2, numRuns: 50 },
  );
  const cases = patientsOf("a", 40);
  const halves = [0, 1, 2].map((seed) => makeSplit(cases, { seed, testFraction: 0.5 }).test.join());
  assert.equal(new Set(halves).size, 3);
});

test("each source keeps its share: Montgomery 138 and Shenzhen 566 give 28 and 113 of 704", () => {
  const cases = [...patientsOf("montgomery", 138), ...patientsOf("shenzhen", 566)];
  const split = makeSplit(cases, { seed: 0, testFraction: 0.2 });
  assert.equal(split.train.length, 563);
  assert.equal(split.test.filter((patient) => patient.startsWith("montgomery")).length, 28);
  assert.equal(split.test.filter((patient) => patient.startsWith("shenzhen")).length, 113);
  const counts = [1, 5, 10, 100].map((percent) => drawPatients(split, percent, 0).length);
  assert.deepEqual(counts, [6, 29, 57, 563]);
});

test("a draw holds the rounded-up share of the training patients, nested over percentages, equal when repeated", () => {
  fc.assert(
    fc.property(stores, fc.nat(), fc.nat(9), fc.integer({ min: 1, max: 100 }), (cases, seed, draw, percent) => {
      const split = makeSplit(cases, { seed, testFraction: 0.25 });
      const drawn = drawPatients(split, percent, draw);
      assert.equal(drawn.length, Math.max(1, Math.ceil((split.train.length * percent) / 100)));
      assert.equal(new Set(drawn).size, drawn.length);
      assert.ok(drawn.every((patient) => split.train.includes(patient)));
      assert.deepEqual(drawPatients(split, percent, draw), drawn);
      const larger = new Set(drawPatients(split, Math.min(percent + 20, 100), draw));
      assert.ok(drawn.every((patient) => larger.has(patient)));
    }),
    { seed: 3, numRuns: 100 },
  );
});

test("draws differ from each other", () => {
  const split = makeSplit(patientsOf("a", 200), { seed: 5, testFraction: 0.2 });
  const draws = [0, 1, 2, 3].map((draw) => drawPatients(split, 5, draw).join());
  assert.equal(new Set(draws).size, 4);
});

test("what cannot be split is a user's error", () => {
  const options = { seed: 0, testFraction: 0.2 };
  assert.throws(() => makeSplit(patientsOf("a", 1), options), { code: "ERR_SPLIT_FEW", message: /found 1 among 1/ });
  const unmasked = patientsOf("a", 9).map((one) => ({ ...one, hasMask: false }));
  assert.throws(() => makeSplit(unmasked, options), { code: "ERR_SPLIT_FEW", message: /found 0 among 9/ });
  for (const testFraction of [0, 1, -0.1, Number.NaN]) {
    assert.throws(() => makeSplit(patientsOf("a", 9), { seed: 0, testFraction }), { code: "ERR_SPLIT_FRACTION" });
  }
  const split = makeSplit(patientsOf("a", 9), options);
  for (const percent of [0, 101, Number.NaN]) {
    assert.throws(() => drawPatients(split, percent, 0), { code: "ERR_SPLIT_PERCENT" });
  }
});

test("cases are found by patient, only those with masks; a split of another store is refused", () => {
  const cases = [caseOf("1", "p", "a", true), caseOf("2", "p", "a", false), caseOf("3", "q", "a", true)];
  assert.deepEqual(
    casesOfPatients(cases, ["p"]).map(({ id }) => id),
    ["1"],
  );
  assert.throws(() => casesOfPatients(cases, ["p", "stranger"]), { code: "ERR_SPLIT_FOREIGN", message: /"stranger"/ });
});

test("a split comes back from its file; a damaged or leaking file is refused", () => {
  const path = join(folder, "split.json");
  const split = makeSplit(patientsOf("a", 9), { seed: 4, testFraction: 0.2 });
  writeSplit(path, split);
  assert.deepEqual(readSplit(path), split);
  const wrong = [
    "{",
    "[]",
    "null",
    JSON.stringify({ ...split, version: 2 }),
    JSON.stringify({ ...split, train: undefined }),
    JSON.stringify({ ...split, test: [split.train[0]] }),
  ];
  for (const text of wrong) {
    writeFileSync(path, text);
    assert.throws(() => readSplit(path), { code: "ERR_SPLIT_FILE" }, text);
  }
  assert.throws(() => readSplit(join(folder, "none.json")), { code: "ERR_SPLIT_FILE" });
});
