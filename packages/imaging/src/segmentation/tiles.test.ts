import assert from "node:assert/strict";
import { test } from "node:test";
import { tileStarts } from "./tiles.ts";

test("tiles cover an axis, overlap by what is asked for or more, and end with it", () => {
  assert.deepEqual(tileStarts(100, 128, 0.5), [0]);
  assert.deepEqual(tileStarts(128, 128, 0.5), [0]);
  for (const [length, tile, overlap] of [
    [129, 128, 0.5],
    [500, 128, 0.5],
    [512, 128, 0],
    [997, 64, 0.75],
    [40, 7, 0.9],
  ] as const) {
    const starts = tileStarts(length, tile, overlap);
    assert.equal(starts[0], 0);
    assert.equal(starts.at(-1), length - tile);
    const furthest = Math.max(1, tile * (1 - overlap));
    starts.slice(1).forEach((start, i) => {
      const step = start - starts[i]!;
      assert.ok(step > 0 && step <= furthest, `${length} in tiles of ${tile}: ${starts}`);
    });
  }
});

test("no more tiles than the overlap asks for", () => {
  assert.deepEqual(tileStarts(256, 128, 0.5), [0, 64, 128]);
  assert.deepEqual(tileStarts(256, 128, 0), [0, 128]);
});
