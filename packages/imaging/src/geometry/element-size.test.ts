import assert from "node:assert/strict";
import { test } from "node:test";
import { elementSize } from "./element-size.ts";

test("the size of a pixel in mm2, of a voxel in ml; unknown where the file does not say", () => {
  assert.equal(elementSize({ shape: [1, 4, 4], spacingMm: [Number.NaN, 0.5, 0.5] }), 0.25);
  assert.equal(elementSize({ shape: [3, 4, 4], spacingMm: [10, 1, 1] }), 0.01);
  assert.equal(elementSize({ shape: [3, 4, 4], spacingMm: [Number.NaN, 1, 1] }), undefined);
  assert.equal(elementSize({ shape: [1, 4, 4] }), undefined);
  assert.equal(elementSize({ shape: [1, 4, 4], spacingMm: [1, 0, 0] }), undefined);
});
