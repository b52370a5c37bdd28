import assert from "node:assert/strict";
import { test } from "node:test";
import { measurePixels } from "./measure-pixels.ts";

/** The same by plain loops. */
function expected(pixels: Uint8Array | Int16Array, height: number, width: number, rows: number, columns: number) {
  const [sums, counts] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      sums[cell]! += pixels[y * width + x]!;
      counts[cell]! += 1;
    }
  }
  const values = [...pixels];
  return {
    sum: values.reduce((sum, value) => sum + value, 0),
    squareSum: values.reduce((sum, value) => sum + value ** 2, 0),
    low: values.reduce((least, value) => Math.min(least, value)),
    high: values.reduce((most, value) => Math.max(most, value)),
    cellMeans: sums.map((sum, cell) => sum / counts[cell]!),
  };
}

test("of any size, with the largest numbers, and more pixels than a lane of 32 bits could add up", () => {
  for (const [height, width] of [
    [8, 9],
    [17, 23],
    [300, 301],
    [400, 512],
  ] as const) {
    const count = height * width;
    const bytes = Uint8Array.from({ length: count }, (_, i) => (i % 7 === 0 ? 3 : 255));
    const shorts = Int16Array.from({ length: count }, (_, i) => (i % 5 === 0 ? 32767 : -32768));
    const noise = Int16Array.from({ length: count }, (_, i) => ((i * 7919) % 4001) - 1024);
    for (const pixels of [bytes, shorts, noise]) {
      const grid = [8, 9] as const;
      assert.deepEqual(measurePixels(pixels, [height, width], grid), expected(pixels, height, width, ...grid));
    }
  }
});
