import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { measureSlice } from "./slice-measures.ts";

const WIDTH = 23;
const HEIGHT = 17;

function noise(seed: number): Int16Array {
  const random = new Random(seed);
  return Int16Array.from(
    { length: WIDTH * HEIGHT },
    (_, i) => random.integer(400) - 200 + 40 * Math.floor((i % WIDTH) / 5),
  );
}

test("sums, range, hash and labels are those of the pixels", () => {
  const pixels = noise(1);
  const labels = new Uint8Array(pixels.length).fill(2, 0, 7).fill(5, 30, 31);
  const measured = measureSlice(pixels, WIDTH, HEIGHT, labels);
  assert.equal(
    measured.pixelSum,
    [...pixels].reduce((sum, value) => sum + value, 0),
  );
  assert.equal(
    measured.pixelSquareSum,
    [...pixels].reduce((sum, value) => sum + value ** 2, 0),
  );
  assert.deepEqual([measured.low, measured.high], [Math.min(...pixels), Math.max(...pixels)]);
  assert.equal(measured.pixelHash, measureSlice(noise(1), WIDTH, HEIGHT).pixelHash);
  const exchanged = pixels.slice();
  [exchanged[0], exchanged[1]] = [exchanged[1]!, exchanged[0]!];
  assert.notEqual(measureSlice(exchanged, WIDTH, HEIGHT).pixelHash, measured.pixelHash);
  assert.deepEqual(measured.labelCounts, { 2: 7, 5: 1 });
  assert.equal(measureSlice(pixels, WIDTH, HEIGHT).labelCounts, undefined);
});

test("the perceptual hash says where it gets darker to the right; contrast and brightness do not change it", () => {
  const ramp = Uint8Array.from({ length: 90 * 80 }, (_, i) => i % 90);
  assert.equal(measureSlice(ramp, 90, 80).perceptualHash, "0000000000000000");
  const falling = ramp.map((value, i) => (i < 90 * 40 ? 200 - value : value));
  assert.equal(measureSlice(falling, 90, 80).perceptualHash, "ffffffff00000000");
  const pixels = noise(2);
  const brighter = pixels.map((value) => 3 * value + 100);
  const hashOf = (values: Int16Array) => measureSlice(values, WIDTH, HEIGHT).perceptualHash;
  assert.equal(hashOf(brighter), hashOf(pixels));
  assert.notEqual(hashOf(noise(3)), hashOf(pixels));
});
