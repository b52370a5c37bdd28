import assert from "node:assert/strict";
import { test } from "node:test";
import { type Frame, fitImage, fitLabels, unfitLabels } from "./fit.ts";
import type { LabelImage } from "./image.ts";

const stripes: LabelImage = {
  width: 40,
  height: 20,
  channels: 1,
  data: Uint8Array.from({ length: 800 }, (_, i) => (i % 40 < 20 ? 1 : 2)),
};

test("squash uses the whole frame, pad keeps the aspect and centers on zeros", () => {
  const squashed = fitLabels(stripes, { width: 10, height: 10, fit: "squash" });
  assert.equal(squashed.data.indexOf(0), -1);
  const padded = fitLabels(stripes, { width: 10, height: 11, fit: "pad" });
  const rows = Array.from({ length: 11 }, (_, y) => [...padded.data.subarray(y * 10, y * 10 + 10)].join(""));
  assert.deepEqual(rows, [
    ...Array(3).fill("0000000000"),
    ...Array(5).fill("1111122222"),
    ...Array(3).fill("0000000000"),
  ]);
});

test("an image and its labels land on the same pixels", () => {
  for (const fit of ["squash", "pad"] as const) {
    const frame: Frame = { width: 20, height: 20, fit };
    const bright = { ...stripes, data: stripes.data.map((label) => label * 100) };
    const image = fitImage(bright, frame).data;
    const labels = fitLabels(stripes, frame).data;
    const wrong = labels.filter((label, i) => Math.abs(label * 100 - image[i]!) > 50);
    assert.equal(wrong.length, 0);
  }
});

test("labels come back to the size they were made for", () => {
  for (const fit of ["squash", "pad"] as const) {
    const frame: Frame = { width: 20, height: 20, fit };
    assert.deepEqual(unfitLabels(fitLabels(stripes, frame), frame, 40, 20), stripes);
  }
});
