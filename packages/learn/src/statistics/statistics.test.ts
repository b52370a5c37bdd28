import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Random } from "@medssl/datasets";
import { bootstrapMean } from "./bootstrap.ts";
import { holm } from "./holm.ts";
import { normalTail } from "./normal.ts";
import { cohenDz, rankBiserial, signedRankTest } from "./wilcoxon.ts";

/** Of scipy, statsmodels and pingouin; see make-paired-tests.py beside it. */
const truth = JSON.parse(readFileSync(new URL("./fixtures/paired-tests.json", import.meta.url), "utf8"));

function assertClose(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: expected ${expected}, got ${actual}`);
}

test("the signed-rank test, exact and approximated, is scipy's; the effect sizes are pingouin's", () => {
  const kinds = new Set<boolean>();
  for (const [i, { differences, p, isExact, rankBiserial: correlation, cohenDz: dz }] of truth.signedRank.entries()) {
    const values = Float64Array.from(differences as number[]);
    const result = signedRankTest(values);
    assertClose(result.p, p, 1e-12, `p of ${i}`);
    assert.equal(result.isExact, isExact);
    assertClose(rankBiserial(result), correlation, 1e-12, `rank-biserial of ${i}`);
    assertClose(cohenDz(values), dz, 1e-12, `d_z of ${i}`);
    kinds.add(isExact);
  }
  assert.equal(kinds.size, 2);
});

test("differences that are all zero, and none at all, are no evidence", () => {
  for (const values of [new Float64Array(5), new Float64Array(0)]) {
    const result = signedRankTest(values);
    assert.equal(result.p, 1);
    assert.equal(rankBiserial(result), 0);
  }
  assert.ok(Number.isNaN(cohenDz(new Float64Array(5))));
});

test("Holm's correction is statsmodels'", () => {
  for (const { p, corrected } of truth.holm) {
    for (const [i, value] of holm(p).entries()) assertClose(value, corrected[i], 1e-15, String(p));
  }
  assert.deepEqual(holm([]), []);
});

test("the normal tail is scipy's", () => {
  for (const [z, tail] of truth.normalTail) assertClose(normalTail(z), tail, 1e-13 * tail, `z = ${z}`);
});

test("the interval of one draw is scipy's bootstrap over patients, also where they have several cases", () => {
  for (const { sums, counts, mean, low, high } of truth.bootstrap) {
    const values = { sums: Float64Array.from(sums as number[]), counts: Float64Array.from(counts as number[]) };
    const result = bootstrapMean([values], 1);
    assertClose(result.mean, mean, 1e-12, "mean");
    // Both are random: a 200th of the width is two standard errors of an end with 10,000 resamples.
    assertClose(result.interval.low, low, (high - low) / 40, "low");
    assertClose(result.interval.high, high, (high - low) / 40, "high");
    assert.deepEqual(result.interval, result.ofPatients);
  }
});

test("where patients agree, the interval over draws is Student's", () => {
  for (const { means, low, high } of truth.student) {
    const draws = (means as number[]).map((mean) => ({
      sums: new Float64Array(20).fill(mean),
      counts: new Float64Array(20).fill(1),
    }));
    const { interval, ofPatients } = bootstrapMean(draws, 2);
    const tolerance = (means.length === 2 ? 0.1 : 0.05) * (high - low);
    assertClose(interval.low, low, tolerance, "low");
    assertClose(interval.high, high, tolerance, "high");
    assertClose(ofPatients.high - ofPatients.low, 0, 1e-12, "patients alone");
  }
});

test("a class that most patients lack in some draw has an interval all the same", () => {
  const always = { sums: new Float64Array(12).fill(0.5), counts: new Float64Array(12).fill(1) };
  const once = { sums: Float64Array.from({ length: 12 }, (_, i) => (i === 0 ? 0.7 : 0)), counts: new Float64Array(12) };
  once.counts[0] = 1;
  const { mean, ofPatients } = bootstrapMean([always, once], 1);
  assertClose(mean, 0.6, 1e-12, "mean");
  assertClose(ofPatients.low, 0.6, 1e-12, "low");
  assertClose(ofPatients.high, 0.6, 1e-12, "high");
});

test("a seed gives the same interval again, another one another", () => {
  const { sums, counts } = truth.bootstrap[0];
  const values = [{ sums: Float64Array.from(sums as number[]), counts: Float64Array.from(counts as number[]) }];
  assert.deepEqual(bootstrapMean(values, 5), bootstrapMean(values, 5));
  assert.notDeepEqual(bootstrapMean(values, 5).interval, bootstrapMean(values, 6).interval);
});

test("in made-up studies the interval holds the true mean about 95 times in 100, whatever varies more", () => {
  const random = new Random(11);
  const studies = 400;
  for (const [numDraws, drawSpread, patientSpread] of [
    [2, 1, 0.2],
    [3, 1, 1],
    [3, 0.2, 3],
    [5, 1, 0.2],
  ] as const) {
    let held = 0;
    for (let i = 0; i < studies; i++) {
      const ofPatients = Array.from({ length: 40 }, () => patientSpread * random.normal());
      const draws = Array.from({ length: numDraws }, () => {
        const luck = drawSpread * random.normal();
        return {
          sums: Float64Array.from(ofPatients, (value) => value + luck + 0.5 * random.normal()),
          counts: new Float64Array(40).fill(1),
        };
      });
      const { interval } = bootstrapMean(draws, i, 400);
      if (interval.low <= 0 && interval.high >= 0) held++;
    }
    const share = held / studies;
    // The standard error of a share of 0.95 is 0.011 here.
    assert.ok(share > 0.92 && share < 0.985, `${numDraws} draws, ${drawSpread}, ${patientSpread}: ${share}`);
  }
});
