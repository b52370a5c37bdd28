import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decimal,
  durationText,
  intervalText,
  labelCountText,
  percent,
  percentRange,
  points,
  pText,
} from "./number-format.ts";
import { spread } from "./summary.ts";

test("percent and points", () => {
  assert.equal(percent(0.9261), "92.6");
  assert.equal(points(3.48), "+3.5");
  assert.equal(points(-0.37), "\u22120.4");
  assert.equal(points(-0.04), "0.0");
});

test("intervals and p are written as a paper does", () => {
  assert.equal(intervalText({ low: 1.62, high: 3.08 }), "1.6 to 3.1");
  assert.equal(intervalText({ low: -0.66, high: 4.7 }), "\u22120.7 to 4.7");
  assert.equal(intervalText({ low: -0.04, high: 0.3 }), "0.0 to 0.3");
  assert.equal(percentRange({ low: 0.915, high: 0.949 }), "91.5\u201394.9");
  assert.deepEqual([0.0004, 0.001, 0.0021, 0.034, 0.25, 1].map(pText), [
    "p < 0.001",
    "p = 0.001",
    "p = 0.002",
    "p = 0.03",
    "p = 0.25",
    "p = 1",
  ]);
  assert.equal(decimal(-0.357, 2), "\u22120.36");
});

test("labels are counted in images, and in patients where these differ", () => {
  assert.equal(labelCountText({ images: spread([6, 6]), patients: spread([6, 6]) }), "6 images");
  assert.equal(labelCountText({ images: spread([1]), patients: spread([1]) }), "1 image");
  assert.equal(
    labelCountText({ images: spread([150, 1160]), patients: spread([8, 8]) }),
    "8 patients, 150\u20131,160 images",
  );
});

test("durations in the two largest units", () => {
  assert.equal(durationText(45.4), "45 s");
  assert.equal(durationText(430), "7 min 10 s");
  assert.equal(durationText(3599.7), "1 h 0 min");
  assert.equal(durationText(4000), "1 h 7 min");
});
