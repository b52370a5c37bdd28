import assert from "node:assert/strict";
import { test } from "node:test";
import { findPeaks } from "./peaks.ts";

const SIZE = 20;

/** Hills as [x, y, height] in sides of the map. */
function mapOf(...hills: readonly (readonly [number, number, number])[]) {
  const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [((i % SIZE) + 0.5) / SIZE, (Math.floor(i / SIZE) + 0.5) / SIZE];
    return Math.max(...hills.map(([hx, hy, height]) => height * Math.exp(-(((x - hx) ** 2 + (y - hy) ** 2) / 0.02))));
  });
  return { size: SIZE, values };
}

test("peaks are found between cells, the highest first", () => {
  const peaks = findPeaks(mapOf([0.313, 0.422, 0.9], [0.71, 0.66, 0.7]), 5, 0.1);
  assert.equal(peaks.length, 2);
  assert.ok(Math.hypot(peaks[0]!.x - 0.313, peaks[0]!.y - 0.422) < 0.003, `${peaks[0]!.x} ${peaks[0]!.y}`);
  assert.ok(Math.hypot(peaks[1]!.x - 0.71, peaks[1]!.y - 0.66) < 0.003, `${peaks[1]!.x} ${peaks[1]!.y}`);
  assert.ok(peaks[0]!.similarity > peaks[1]!.similarity);
});

test("of near peaks the higher one is told, and no more than are asked for", () => {
  const map = mapOf([0.3, 0.3, 0.8], [0.6, 0.3, 0.9], [0.3, 0.8, 0.7]);
  assert.deepEqual(
    findPeaks(map, 5, 0.35).map(({ x, y }) => [x.toFixed(1), y.toFixed(1)]),
    [
      ["0.6", "0.3"],
      ["0.3", "0.8"],
    ],
  );
  assert.equal(findPeaks(map, 1, 0).length, 1);
});

test("where nothing was compared there is no peak; a peak at the edge stays in its cell", () => {
  const map = mapOf([0, 0.5, 0.9]);
  assert.equal(findPeaks(map, 1, 0)[0]!.x, 0.5 / SIZE);
  assert.deepEqual(findPeaks({ size: SIZE, values: new Float32Array(SIZE * SIZE).fill(-1) }, 3, 0.1), []);
});
