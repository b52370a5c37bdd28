import assert from "node:assert/strict";
import { test } from "node:test";
import { blackBorder, cropImage, hasBlackBorder } from "./black-border.ts";
import { type Frame, fitImage } from "./fit.ts";
import type { Image } from "./image.ts";

/** Black but for a box of `value` at [2, 6) x [3, 5), and one bright speck of dust at (9, 0). */
function film(value: number, width = 200, height = 100): Image<Uint8Array> {
  const data = new Uint8Array(width * height).fill(2);
  for (let y = 30; y < 50; y++) data.fill(value, y * width + 20, y * width + 60);
  data[9] = 255;
  return { width, height, channels: 1, data };
}

test("the border goes, a speck of dust in it does not keep it", () => {
  assert.deepEqual(blackBorder(film(180)), { left: 20, top: 30, width: 40, height: 20 });
});

test("a picture that is one value is whole", () => {
  const data = new Uint8Array(12).fill(7);
  assert.deepEqual(blackBorder({ width: 4, height: 3, channels: 1, data }), { left: 0, top: 0, width: 4, height: 3 });
});

test("a cut keeps every pixel and channel of the box", () => {
  const image = { width: 3, height: 2, channels: 3, data: Uint16Array.from({ length: 18 }, (_, i) => i) } as const;
  const cut = cropImage(image, { left: 1, top: 0, width: 2, height: 2 });
  assert.deepEqual([...cut.data], [3, 4, 5, 6, 7, 8, 12, 13, 14, 15, 16, 17]);
});

test("a border is seen in the small picture, and what pads that is none", () => {
  const whole = { ...film(180), data: Uint8Array.from({ length: 20_000 }, (_, i) => 60 + ((i * 7919) % 150)) };
  for (const fit of ["squash", "pad", "crop"] as const) {
    const frame: Frame = { width: 64, height: 64, fit };
    const isSeen = (image: Image<Uint8Array>) =>
      hasBlackBorder(fitImage(image, frame).data, frame, image.width, image.height);
    assert.deepEqual([isSeen(film(180)), isSeen(whole)], [true, false], fit);
  }
});
