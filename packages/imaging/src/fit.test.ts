import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Frame,
  fitImage,
  fitLabels,
  fitPlace,
  fitSpacing,
  unfitLabels,
  unfitMargined,
  unfitPlace,
} from "./fit.ts";
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

test("what a crop left out is background, with margins too", () => {
  const frame: Frame = { width: 2, height: 2, fit: "crop" };
  const labels = Uint8Array.of(1, 1, 1, 1);
  const { data } = unfitMargined({ labels, found: labels, margins: [Float32Array.of(5, 5, 5, 5)] }, frame, 16, 8);
  assert.equal(Buffer.from(data).toString("hex"), "00000000010101010101010100000000".repeat(8));
});

test("a place goes where its pixels go, and comes back", () => {
  const [width, height] = [90, 60];
  // A bright square with its middle at (33, 21).
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Math.abs(x + 0.5 - 33) < 6 && Math.abs(y + 0.5 - 21) < 6 ? 200 : 0;
  });
  for (const fit of ["squash", "pad", "crop"] as const) {
    const frame: Frame = { width: 48, height: 40, fit };
    const { data: fitted } = fitImage({ width, height, channels: 1, data }, frame);
    let [sum, sumX, sumY] = [0, 0, 0];
    fitted.forEach((value, i) => {
      sum += value;
      sumX += value * ((i % 48) + 0.5);
      sumY += value * (Math.floor(i / 48) + 0.5);
    });
    const place = fitPlace({ x: 33 / width, y: 21 / height }, frame, width, height);
    assert.ok(Math.abs(place.x * 48 - sumX / sum) < 0.1, `${fit}: x ${place.x * 48}, pixels at ${sumX / sum}`);
    assert.ok(Math.abs(place.y * 40 - sumY / sum) < 0.1, `${fit}: y ${place.y * 40}, pixels at ${sumY / sum}`);
    const back = unfitPlace(place, frame, width, height);
    assert.ok(Math.hypot(back.x - 33 / width, back.y - 21 / height) < 1e-9);
  }
});

test("the size of a pixel grows as the image is made smaller", () => {
  // 40 x 20 pixels of 0.5 x 0.6 mm.
  assert.deepEqual(fitSpacing([0.6, 0.5], { width: 10, height: 10, fit: "squash" }, 40, 20), [1.2, 2]);
  assert.deepEqual(fitSpacing([0.6, 0.5], { width: 10, height: 10, fit: "pad" }, 40, 20), [2.4, 2]);
  assert.deepEqual(fitSpacing([0.6, 0.5], { width: 10, height: 10, fit: "crop" }, 40, 20), [1.2, 1]);
});
