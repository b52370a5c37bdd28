import assert from "node:assert/strict";
import { test } from "node:test";
import type { Image } from "./image.ts";
import { grayRange, type IntensityRange, toUint8 } from "./intensity.ts";
import type { Samples } from "./scan.ts";

/** 1000 pixels of 1000..1999 and one of 65535, which a percentile must ignore. */
const ramp: Image<Uint16Array> = {
  width: 1001,
  height: 1,
  channels: 1,
  data: Uint16Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 65535 : 1000 + i)),
};

test("percentile spreads the common range and clips what is beyond", () => {
  const { data } = toUint8(ramp, "percentile");
  // The 0.5th and 99.5th percentile are the pixels of rank 5 and 995.
  assert.deepEqual([data[0], data[5], data[500], data[995], data[1000]], [0, 0, 128, 255, 255]);
  assert.equal(data[6], Math.round(255 / 990));
});

test("full maps the whole type, so that equal values stay equal between images", () => {
  const { data } = toUint8(ramp, "full");
  assert.deepEqual([data[0], data[999], data[1000]], [Math.round(1000 / 257), Math.round(1999 / 257), 255]);
});

test("8-bit pixels are returned as they are, a flat image becomes 0", () => {
  const bytes: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(3, 9) };
  assert.equal(toUint8(bytes, "percentile").data, bytes.data);
  const flat: Image = { width: 2, height: 1, channels: 1, data: Uint16Array.of(700, 700) };
  assert.deepEqual([...toUint8(flat, "percentile").data], [0, 0]);
});

const row = (data: Samples): Image<Samples> => ({ width: data.length, height: 1, channels: 1, data });
const levels = (data: Samples, range: IntensityRange) => [...toUint8(row(data), range).data];

test("a window maps its ends to black and white, whatever the type", () => {
  const window = { center: 50, width: 400 };
  const units = [-1024, -150, -149, 51, 249, 250, 3000];
  const expected = [0, 0, 1, 128, 254, 255, 255];
  assert.deepEqual(levels(Int16Array.from(units), window), expected);
  assert.deepEqual(levels(Float32Array.from(units), window), expected);
  // 8 bits, which percentiles leave alone, are mapped too.
  assert.deepEqual(levels(Uint8Array.of(0, 64, 128, 255), { center: 64, width: 128 }), [0, 128, 255, 255]);
});

test("large images get what small ones get, whatever the sign", () => {
  const window = { center: 5000.5, width: 30_001 };
  const values = Array.from({ length: 70_000 }, (_, i) => i * 3 - 32_768);
  for (const all of [Int16Array.from(values), Uint16Array.from(values)]) {
    const apart = [all.subarray(0, 40_000), all.subarray(40_000)].flatMap((part) => levels(part, window));
    assert.deepEqual(levels(all, window), apart);
  }
});

test("signed and floating values have a full range of their own", () => {
  assert.deepEqual(levels(Int16Array.of(-32768, 0, 32767), "full"), [0, 128, 255]);
  assert.deepEqual(levels(Float32Array.of(-0.25, 0.25, 0.75), "full"), [0, 128, 255]);
});

test("floats below 1 are spread, NaN is black and infinities do not count", () => {
  const data = Float64Array.from({ length: 1001 }, (_, i) => i / 1e6);
  data[3] = Number.NaN;
  data[4] = Number.POSITIVE_INFINITY;
  data[5] = Number.NEGATIVE_INFINITY;
  const bytes = levels(data, "percentile");
  assert.deepEqual([bytes[3], bytes[4], bytes[5]], [0, 255, 0]);
  assert.deepEqual([bytes[0], bytes[500], bytes[1000]], [0, 127, 255]);
  assert.deepEqual(levels(Float32Array.of(2.5, 2.5), "percentile"), [0, 0]);
  assert.deepEqual(levels(Float32Array.of(Number.NaN), "percentile"), [0]);
});

test("a range that is measured once makes slices comparable, and does not count padding", () => {
  const volume = Int16Array.from({ length: 1000 }, (_, i) => (i < 500 ? -2000 : i));
  assert.deepEqual(grayRange(volume), { center: (-2000 + 995) / 2, width: 2995 });
  assert.deepEqual(grayRange(volume, -2000), { center: (503 + 997) / 2, width: 494 });
});
