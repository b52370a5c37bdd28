import assert from "node:assert/strict";
import { test } from "node:test";
import { toHounsfieldPixels } from "./hounsfield.ts";
import type { Image } from "./image.ts";
import type { Samples } from "./scan.ts";

const row = (data: Samples): Image<Samples> => ({ width: data.length, height: 1, channels: 1, data });

test("Hounsfield units are rounded, clamped to 16 bits, and air where there is no number", () => {
  const floats = Float32Array.of(-1000.4, 39.5, 1e9, -1e9, Number.NaN, Number.POSITIVE_INFINITY);
  assert.deepEqual([...toHounsfieldPixels(row(floats)).data], [-1000, 40, 32767, -32768, -1024, 32767]);
  assert.deepEqual([...toHounsfieldPixels(row(Int32Array.of(40000, -7))).data], [32767, -7]);
});

test("16 bits are not copied", () => {
  const units = Int16Array.of(-1024, 3071);
  assert.equal(toHounsfieldPixels(row(units)).data, units);
});
