import assert from "node:assert/strict";
import { test } from "node:test";
import type { Image } from "./image.ts";
import { toUint8 } from "./intensity.ts";

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
