import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { countFor, errorAt, fitPowerLaw } from "./power-law.ts";

interface Fixture {
  readonly counts: readonly number[];
  readonly errors: readonly number[];
  readonly deviations: readonly number[];
  readonly floor: number;
  readonly scale: number;
  readonly exponent: number;
}

const fixtures: readonly Fixture[] = JSON.parse(
  readFileSync(new URL("./fixtures/power-laws.json", import.meta.url), "utf8"),
);

test("curves are those of scipy.optimize.curve_fit, with noise and with an outlier", () => {
  for (const { counts, errors, deviations, ...theirs } of fixtures) {
    const points = counts.map((count, i) => ({ count, error: errors[i]!, deviation: deviations[i]! }));
    const ours = fitPowerLaw(points);
    for (const count of [4, 20, 128, 500]) {
      const difference = Math.abs(errorAt(ours, count) - errorAt(theirs, count));
      assert.ok(difference < 2e-5, `${count}: ${errorAt(ours, count)} and ${errorAt(theirs, count)}`);
    }
    assert.ok(Math.abs(ours.exponent - theirs.exponent) < 2e-3, `${ours.exponent} and ${theirs.exponent}`);
  }
});

test("the count of an error is the inverse of the curve, and there is none below the floor", () => {
  const law = { floor: 0.05, scale: 0.4, exponent: 0.5 };
  assert.ok(Math.abs(countFor(law, errorAt(law, 37)) - 37) < 1e-9);
  assert.equal(countFor(law, 0.05), Number.POSITIVE_INFINITY);
});

test("a curve that rises with more labels is fitted as a flat one", () => {
  const points = [4, 8, 16, 32].map((count, i) => ({ count, error: 0.1 + 0.01 * i, deviation: 0.01 }));
  assert.equal(fitPowerLaw(points).scale, 0);
});
