import assert from "node:assert/strict";
import { test } from "node:test";
import { composeAffine, orientationCode } from "../geometry/affine.ts";
import type { Scan } from "../scan.ts";
import { showScan } from "./show-scan.ts";

const unoriented: Scan = {
  shape: [2, 2, 3],
  channels: 1,
  data: new Uint8Array(12).map((_, i) => i),
  meaning: "relative",
};
const placeholder: Scan = { ...unoriented, affine: [1.5, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 1] };
/** A short axis: rows to the left and back, columns down, slices to the left and front. */
const shortAxis: Scan = {
  ...unoriented,
  modality: "MR",
  affine: composeAffine(
    [10, 1.5, 1.5],
    [30, 40, 50],
    [
      [-0.6, -0.8, 0],
      [0, 0, -1],
      [-0.8, 0.6, 0],
    ],
  ),
};

test("a model of oriented images sees all scans turned for the eye", () => {
  const { shown, warnings } = showScan(placeholder, {});
  assert.deepEqual([[...shown.data.subarray(0, 6)], warnings], [[5, 4, 3, 2, 1, 0], []]);
  assert.equal(showScan(unoriented, {}).shown, unoriented);
});

test("a model of images as stored sees those of the same making as stored, a scanner's upright; both with a warning", () => {
  const asStored = { isAsStored: true };
  assert.deepEqual(showScan(unoriented, asStored), { shown: unoriented, warnings: [] });
  const same = showScan(placeholder, asStored);
  assert.equal(same.shown, placeholder);
  assert.match(same.warnings.join(), /placeholder: its slices were taken as stored/);
  const upright = showScan(shortAxis, asStored);
  assert.match(upright.warnings.join(), /turned for the eye: look whether the masks fit/);
  assert.equal(orientationCode(upright.shown.affine!), "PIL");
  assert.deepEqual([...upright.shown.data.subarray(0, 6)], [...shortAxis.data.subarray(0, 6)], "rows as stored");
});
