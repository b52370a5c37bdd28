import assert from "node:assert/strict";
import { test } from "node:test";
import { LABEL_COLORS, labelColor, overlayLabels } from "./overlay.ts";

test("background stays grey, edges take the label's color, the inside a tint of it", () => {
  const image = { width: 5, height: 5, channels: 1, data: new Uint8Array(25).fill(100) } as const;
  const data = new Uint8Array(25);
  for (const i of [6, 7, 8, 11, 12, 13, 16, 17, 18]) data[i] = 1;
  const { data: colors } = overlayLabels(image, { width: 5, height: 5, channels: 1, data }, 0.5);
  const pixel = (i: number) => [...colors.subarray(i * 3, i * 3 + 3)];
  assert.deepEqual(pixel(0), [100, 100, 100]);
  assert.deepEqual(pixel(6), [...LABEL_COLORS[1]!]);
  assert.deepEqual(pixel(12), [165, 130, 50]);
});

test("colors begin anew after the last, never with the background's", () => {
  assert.deepEqual(labelColor(LABEL_COLORS.length), LABEL_COLORS[1]);
  assert.deepEqual(labelColor(0), [0, 0, 0]);
});
