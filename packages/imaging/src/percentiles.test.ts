import assert from "node:assert/strict";
import { test } from "node:test";
import { percentiles } from "./percentiles.ts";
import type { Samples } from "./scan.ts";

const percents = [0, 5, 30, 40, 50, 100];
const values = [50, 15, 40, 20, 35];
/** numpy.percentile(values, percents, method="higher") */
const expected = [15, 20, 35, 35, 35, 50];

test("values of a rank, as numpy's, in every type", () => {
  const types = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array];
  for (const type of types) assert.deepEqual(percentiles(type.from(values), percents), expected, type.name);
});

test("negative values, the ends of the types, and many of the same", () => {
  assert.deepEqual(percentiles(Int16Array.of(-32768, 32767, -5, -5), [0, 50, 100]), [-32768, -5, 32767]);
  assert.deepEqual(percentiles(Int8Array.of(-128, 127), [0, 100]), [-128, 127]);
  assert.deepEqual(percentiles(Float32Array.of(-1.5, 0.5, -1.5), [0, 50, 100]), [-1.5, -1.5, 0.5]);
});

test("NaN, infinities and padding are not counted", () => {
  const floats = [...values, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -2000];
  assert.deepEqual(percentiles(Float32Array.from(floats), percents, -2000), expected);
  assert.deepEqual(percentiles(Int16Array.from([...values, -2000, -2000]), percents, -2000), expected);
  // A padding that the type cannot hold is nowhere.
  assert.deepEqual(percentiles(Uint8Array.from(values), percents, -2000), expected);
});

test("nothing to count: NaN", () => {
  const nothing: Samples[] = [new Int16Array(0), new Float32Array(0), Float32Array.of(Number.NaN)];
  for (const data of nothing) assert.deepEqual(percentiles(data, [0, 99.5]), [Number.NaN, Number.NaN]);
  assert.deepEqual(percentiles(Int16Array.of(7, 7), [50], 7), [Number.NaN]);
});

test("of many floats a sample is enough", () => {
  const numValues = 3 * 2 ** 20;
  // Every value once, in an order that is none.
  const data = Float32Array.from({ length: numValues }, (_, i) => (i * 1664525) % numValues);
  for (const percent of [0.5, 50, 99.5]) {
    const [value] = percentiles(data, [percent]) as [number];
    assert.ok(Math.abs(value / numValues - percent / 100) < 0.001, `${percent}: ${value}`);
  }
});
