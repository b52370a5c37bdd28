import assert from "node:assert/strict";
import { test } from "node:test";
import { durationText, labelCountText, percent, points } from "./number-format.ts";
import { spread } from "./summary.ts";

test("percent and points", () => {
  assert.equal(percent(0.9261), "92.6");
  assert.equal(points(3.48), "+3.5");
  assert.equal(points(-0.37), "\u22120.4");
  assert.equal(points(-0.04), "0.0");
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
