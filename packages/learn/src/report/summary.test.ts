import assert from "node:assert/strict";
import { test } from "node:test";
import {
  classLabels,
  hasSpread,
  labelCount,
  measuredFractions,
  spread,
  stepsOf,
  summaries,
  summarize,
} from "./summary.ts";
import { syntheticStudy } from "./synthetic-study.ts";

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-12, `expected ${expected}, got ${actual}`);

test("a spread is mean, smallest, largest and count", () => {
  assert.deepEqual(spread([4, 1, 7]), { mean: 4, min: 1, max: 7, count: 3 });
  assert.deepEqual(spread([0.5]), { mean: 0.5, min: 0.5, max: 0.5, count: 1 });
});

test("an arm's summary is the mean and range over its draws", () => {
  // Scratch at 1%: draws of 89.22, 90.67 and 90.10. Their mean is 269.99 / 3.
  const summary = summarize(syntheticStudy({ draws: 3 }), "scratch", 1);
  near(summary?.dice.mean, 2.6999 / 3);
  near(summary?.dice.min, 0.8922);
  near(summary?.dice.max, 0.9067);
  assert.equal(summary?.dice.count, 3);
  // IoU = dice / (2 - dice), averaged after the conversion.
  near(summary?.iou.mean, (0.8922 / 1.1078 + 0.9067 / 1.0933 + 0.901 / 1.099) / 3);
});

test("classes are summarized each for itself", () => {
  // The first class lies 3 points above the mean, the last 3 below it.
  const study = syntheticStudy({ labels: ["lungs", "heart", "clavicles"], draws: 2 });
  assert.deepEqual(classLabels(study), ["lungs", "heart", "clavicles"]);
  near(summarize(study, "unet", 1, "lungs")?.dice.mean, (0.915 + 0.9205) / 2 + 0.03);
  near(summarize(study, "unet", 1, "clavicles")?.dice.max, 0.9205 - 0.03);
});

test("cells that are not finished are absent, not zero", () => {
  const study = syntheticStudy({ isFinished: (cell) => cell.fraction === 5 && cell.arm !== "mim" });
  assert.deepEqual(measuredFractions(study), [5]);
  assert.equal(summarize(study, "mim", 5), undefined);
  assert.equal(summarize(study, "unet", 1), undefined);
  assert.equal(labelCount(study, 1), undefined);
  assert.equal(labelCount(study, 5)?.images.mean, 29);
});

test("a class that no cell has is absent", () => {
  assert.equal(summarize(syntheticStudy(), "unet", 1, "liver"), undefined);
});

test("all summaries come by arm and fraction, the mean before the classes", () => {
  const study = syntheticStudy({ arms: ["unet", "mim"], fractions: [1, 10], labels: ["a", "b"] });
  const keys = summaries(study).map(({ arm, fraction, label }) => `${arm} ${fraction} ${label ?? "mean"}`);
  const per = (arm: string, fraction: number) => ["mean", "a", "b"].map((label) => `${arm} ${fraction} ${label}`);
  assert.deepEqual(keys, [...per("unet", 1), ...per("unet", 10), ...per("mim", 1), ...per("mim", 10)]);
});

test("one draw has no spread, and equal steps are said only where they are equal", () => {
  assert.equal(hasSpread(syntheticStudy({ draws: 1 })), false);
  assert.equal(hasSpread(syntheticStudy({ draws: 2 })), true);
  const study = syntheticStudy();
  assert.equal(stepsOf(study), 200);
  assert.equal(stepsOf({ ...study, cells: study.cells.map((cell, i) => ({ ...cell, steps: 200 + i })) }), undefined);
});
