import assert from "node:assert/strict";
import { test } from "node:test";
import type { Vec3 } from "@medssl/imaging";
import { type MeasureOptions, measureCase } from "./measure-case.ts";
import { summarizeScores } from "./summarize-scores.ts";

const labels = [
  { value: 1, name: "liver" },
  { value: 2, name: "tumor" },
];
const options: MeasureOptions = { labels, toleranceMm: 1, clDice: "pictures" };

function measure(
  truth: readonly number[],
  prediction: readonly number[],
  shape: Vec3,
  spacingMm?: Vec3,
  more: Partial<MeasureOptions> = {},
) {
  const pair = { truth: Uint8Array.from(truth), prediction: Uint8Array.from(prediction) };
  return measureCase({ case: "c", patient: "p", ...pair, shape, spacingMm }, { ...options, ...more });
}

/** A volume of background with one voxel of liver. */
const voxelAt = (z: number, y: number, x: number): number[] =>
  Array.from({ length: 6 * 8 * 8 }, (_, i) => (i === (z * 8 + y) * 8 + x ? 1 : 0));

test("distances follow the spacing, axis by axis", () => {
  const hd95Mm = (from: number[], to: number[]) => measure(from, to, [6, 8, 8], [2.5, 0.7, 0.9]).classes[0]!.hd95Mm!;
  assert.equal(hd95Mm(voxelAt(1, 4, 4), voxelAt(4, 4, 4)), 7.5);
  assert.ok(Math.abs(hd95Mm(voxelAt(1, 4, 4), voxelAt(1, 6, 4)) - 1.4) < 1e-6);
  assert.ok(Math.abs(hd95Mm(voxelAt(1, 4, 4), voxelAt(1, 4, 1)) - 2.7) < 1e-6);
});

test("a distance equal to the tolerance is within it", () => {
  const nsd = (toleranceMm: number) =>
    measure(voxelAt(1, 4, 4), voxelAt(1, 6, 4), [6, 8, 8], [2.5, 0.7, 0.9], { toleranceMm }).classes[0]!.nsd;
  assert.equal(nsd(1.4), 1);
  assert.equal(nsd(1.39), 0);
});

test("without a spacing nothing is told in mm, nor with half of one", () => {
  const shape: Vec3 = [6, 8, 8];
  for (const spacing of [undefined, [Number.NaN, 1, 1], [0, 1, 1]] as const) {
    const [liver] = measure(voxelAt(1, 4, 4), voxelAt(1, 4, 5), shape, spacing).classes;
    for (const metric of ["hd95Mm", "assdMm", "nsd", "truthMl"] as const) assert.equal(liver![metric], undefined);
    assert.equal(liver!.volumeDifference, 0);
  }
  const [picture] = measure([1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 4], [Number.NaN, 0.5, 0.5]).classes;
  assert.equal(picture!.hd95Mm, 0.475, "95% of the way from 0 to 0.5");
  assert.equal(picture!.truthMl, undefined, "a picture has no volume");
});

test("volumes in ml, and their difference as a share of the truth", () => {
  const [liver] = measure([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0], [2, 2, 2], [10, 5, 4]).classes;
  assert.equal(liver!.truthMl, 0.8);
  assert.ok(Math.abs(liver!.predictionMl! - 0.6) < 1e-12);
  assert.equal(liver!.volumeDifference, -0.25);
  assert.equal(liver!.absoluteVolumeDifference, 0.25);
});

test("a class in one map alone: 0, no distance; in neither: left out", () => {
  const spacing: Vec3 = [Number.NaN, 1, 1];
  const missed = measure([1, 2, 0, 0], [1, 0, 0, 0], [1, 1, 4], spacing);
  const invented = measure([1, 0, 0, 0], [1, 2, 0, 0], [1, 1, 4], spacing);
  for (const [score, sensitivity, precision, recall, difference] of [
    [missed, 0, undefined, 0, -1],
    [invented, undefined, 0, undefined, undefined],
  ] as const) {
    const tumor = score.classes[1]!;
    assert.deepEqual([tumor.dice, tumor.iou, tumor.nsd, tumor.clDice, tumor.lesionF1], [0, 0, 0, 0, 0]);
    assert.deepEqual([tumor.hd95Mm, tumor.assdMm], [undefined, undefined]);
    assert.deepEqual(
      [tumor.sensitivity, tumor.precision, tumor.lesionRecall, tumor.volumeDifference],
      [sensitivity, precision, recall, difference],
    );
  }
  assert.deepEqual(measure([0, 0], [0, 0], [1, 1, 2]).classes, []);
  assert.equal(measure([0, 0], [0, 0], [1, 1, 2]).dice, 1);

  const whole = measure([1, 2, 0, 0], [1, 2, 0, 0], [1, 1, 4], spacing);
  const tumor = summarizeScores([missed, invented, whole], labels).classes[1]!;
  assert.deepEqual([tumor.numCases, tumor.numMissed, tumor.numInvented], [3, 1, 1]);
  assert.equal(tumor.dice, 1 / 3);
  assert.equal(tumor.hd95Mm, 0, "over the one case that has a distance");
  assert.equal(tumor.numMeasured!.hd95Mm, 1);
});

test("pooled numbers come from sums, in which large cases count for more", () => {
  const large = measure([1, 1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 0, 0], [1, 1, 8]);
  const small = measure([1, 1, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 1, 0, 1, 0], [1, 1, 8]);
  const liver = summarizeScores([large, small], labels).classes[0]!;
  assert.equal(liver.dice, (1 + 2 / 5) / 2);
  assert.deepEqual(liver.voxels, { truth: 8, prediction: 9, both: 7 });
  assert.equal(liver.pooled!.dice, 14 / 17);
  assert.equal(liver.pooled!.sensitivity, 7 / 8);
  assert.equal(liver.pooled!.precision, 7 / 9);
  assert.deepEqual(liver.lesions, { numLesions: 2, numFoundLesions: 2, numPredictedLesions: 4, numFalseLesions: 2 });
  assert.equal(liver.pooled!.lesionF1, 4 / 6);
  assert.equal(liver.lesionF1, (1 + 2 / 4) / 2);
});

test("lesions touch by corners; each is found or not, whatever its size", () => {
  const truth = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]; // 4 x 4: a diagonal, and a pair below
  const prediction = [0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const [liver] = measure(truth, prediction, [1, 4, 4]).classes;
  assert.deepEqual(liver!.lesions, { numLesions: 2, numFoundLesions: 1, numPredictedLesions: 2, numFalseLesions: 1 });
});

test("pixels whose truth nobody knows take no part", () => {
  const truth = [1, 1, 3, 3, 0, 0];
  const known = measure([1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 1], [1, 1, 6], [Number.NaN, 1, 1]);
  for (const guess of [0, 1, 2, 3]) {
    const prediction = [1, 0, guess, guess, 0, 1];
    assert.deepEqual(measure(truth, prediction, [1, 1, 6], [Number.NaN, 1, 1], { ignoredValue: 3 }), known);
  }
});

test("maps of another size than their shape are a bug", () => {
  assert.throws(() => measure([1], [1], [1, 1, 2]), RangeError);
});
