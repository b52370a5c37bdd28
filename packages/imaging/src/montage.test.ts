import assert from "node:assert/strict";
import { test } from "node:test";
import { montage } from "./montage.ts";

test("grey and color images stand side by side on white, in rows", () => {
  const gray = { width: 2, height: 1, channels: 1, data: Uint8Array.of(10, 20) } as const;
  const color = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) } as const;
  const { width, height, data } = montage([
    [gray, color],
    [color, gray],
  ]);
  assert.deepEqual([width, height], [8, 6]);
  const pixel = (x: number, y: number) => Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
  assert.deepEqual(pixel(1, 0), [20, 20, 20]);
  assert.deepEqual(pixel(3, 0), [255, 255, 255]);
  assert.deepEqual(pixel(7, 0), [4, 5, 6]);
  assert.deepEqual(pixel(0, 5), [1, 2, 3]);
  assert.deepEqual(pixel(6, 5), [10, 10, 10]);
});
