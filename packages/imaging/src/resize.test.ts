import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { selectChannel } from "./channels.ts";
import type { Image, LabelImage } from "./image.ts";
import { levelTable, toUint8 } from "./intensity.ts";
import { readImage } from "./node/read-image.ts";
import { decodeMaskScan } from "./node/read-scan.ts";
import { resizeImage, resizeLabels, resizeLevels } from "./resize.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const { resized } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));

function largestDifference(actual: ArrayLike<number>, expected: readonly (readonly number[])[]): number {
  const flat = expected.flat();
  assert.equal(actual.length, flat.length);
  return flat.reduce((largest, value, i) => Math.max(largest, Math.abs(value - actual[i]!)), 0);
}

test("bicubic equals Pillow's within one level, shrinking and growing", async () => {
  const image = await readImage(join(fixtures, "gray8.png"));
  assert.ok(largestDifference(resizeImage(image, 20, 16).data, resized.down) <= 1);
  assert.ok(largestDifference(resizeImage(image, 71, 60).data, resized.up) <= 1);
});

test("16 bits stay 16 bits: equal to Pillow's float resize within rounding", async () => {
  const image = await readImage(join(fixtures, "gray16.png"));
  const small = resizeImage(image, 20, 16);
  assert.ok(small.data instanceof Uint16Array);
  assert.ok(largestDifference(small.data, resized.down16) <= 1);
});

test("large images, which come band by band, and signs: every row as the same row of a small one", () => {
  const values = (x: number) => ((x * 7919) % 60_000) - 30_000;
  const rowOf = (height: number): Image<Int16Array> => {
    const width = 700;
    return {
      width,
      height,
      channels: 1,
      data: Int16Array.from({ length: width * height }, (_, i) => values(i % width)),
    };
  };
  const row = resizeImage(rowOf(1), 300, 1).data;
  assert.ok(row.some((value) => value < 0) && row.some((value) => value > 0));
  const { data } = resizeImage(rowOf(401), 300, 170);
  for (let y = 0; y < 170; y++) assert.deepEqual(data.subarray(y * 300, (y + 1) * 300), row, `row ${y}`);
  // The same by its columns: each source row is of one value.
  const turned = (width: number, height: number): Image<Int16Array> => {
    return {
      width,
      height,
      channels: 1,
      data: Int16Array.from({ length: width * height }, (_, i) => values(Math.floor(i / width))),
    };
  };
  const column = resizeImage(turned(1, 700), 1, 300).data;
  const wide = resizeImage(turned(401, 700), 170, 300).data;
  for (let i = 0; i < wide.length; i++) assert.equal(wide[i], column[Math.floor(i / 170)], `value ${i}`);
});

test("each channel of a color image is resized as if alone", async () => {
  const color = await readImage(join(fixtures, "rgb8.png"));
  const green = resizeImage(selectChannel(color, "green"), 20, 30);
  assert.deepEqual(selectChannel(resizeImage(color, 20, 30), "green"), green);
});

test("a table on the way gives what it gives before, with and without a sign", async () => {
  const image = await readImage(join(fixtures, "gray16.png"));
  const window = { center: 20_000, width: 30_000 };
  const signed = { ...image, data: Int16Array.from(image.data, (value) => value - 32_768) };
  const shifted = { center: window.center - 32_768, width: window.width };
  for (const [width, height] of [
    [20, 16],
    [71, 60],
    [image.width, image.height],
  ] as const) {
    const expected = resizeImage(toUint8(image, window), width, height);
    const table = levelTable(image.data as Uint16Array, window);
    assert.deepEqual(resizeLevels(image as Image<Uint16Array>, table, { width, height }), expected);
    assert.deepEqual(resizeLevels(signed, levelTable(signed.data, shifted), { width, height }), expected);
  }
});

test("labels go by nearest neighbor as Pillow's", async () => {
  const { shape, data } = await decodeMaskScan(readFileSync(join(fixtures, "palette.png")), "palette.png");
  const labels: LabelImage = { width: shape[2], height: shape[1], channels: 1, data: data as Uint8Array };
  assert.equal(largestDifference(resizeLabels(labels, 20, 16).data, resized.labels), 0);
  assert.equal(largestDifference(resizeLabels(labels, 71, 60).data, resized.labelsUp), 0);
});

test("luminance equals Pillow's", async () => {
  const gray = selectChannel(await readImage(join(fixtures, "rgb8.png")), "luma");
  const row = gray.data.subarray(10 * gray.width, 11 * gray.width);
  assert.ok(largestDifference(row, [resized.luma]) <= 1);
});

test("an unchanged size changes nothing and a flat image stays flat", () => {
  const image: Image<Uint8Array> = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  assert.deepEqual(resizeImage(image, 3, 2), image);
  const flat: Image<Uint8Array> = { width: 40, height: 31, channels: 1, data: new Uint8Array(40 * 31).fill(255) };
  assert.deepEqual(new Set(resizeImage(flat, 7, 50).data), new Set([255]));
});
