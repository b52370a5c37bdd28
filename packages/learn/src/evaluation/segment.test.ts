import assert from "node:assert/strict";
import { test } from "node:test";
import { cat, scope, type Tensor, tensor } from "@medssl/torch";
import { labelMaps, segmentImages, tileStarts } from "./segment.ts";

/** Calls bright what is brighter than the middle, pixel by pixel: the same whole or in tiles. */
const threshold = { forward: (images: Tensor) => cat([images.mul(-10), images.mul(10)], 1) };
const statistics = { mean: 0.5, std: 0.25 };

/** [1, 1, height, width] of 0-1: the right half is bright. */
function halves(height: number, width: number): Tensor {
  const pixels = Array.from({ length: height * width }, (_, i) => (i % width < width / 2 ? 0.1 : 0.9));
  return tensor(pixels).view([1, 1, height, width]);
}

test("tiles cover an axis, overlap by half or more, and end with it", () => {
  assert.deepEqual(tileStarts(100, 128), [0]);
  assert.deepEqual(tileStarts(128, 128), [0]);
  for (const [length, tile] of [
    [129, 128],
    [500, 128],
    [512, 128],
    [997, 64],
  ] as const) {
    const starts = tileStarts(length, tile);
    assert.equal(starts[0], 0);
    assert.equal(starts.at(-1), length - tile);
    starts.slice(1).forEach((start, i) => {
      assert.ok(start - starts[i]! > 0 && start - starts[i]! <= tile / 2, `${length} in tiles of ${tile}: ${starts}`);
    });
  }
});

for (const mode of ["whole", "tiles"] as const) {
  test(`${mode}: a picture of another size than the network's comes back at its own size`, () => {
    scope(() => {
      const probabilities = segmentImages(threshold, halves(40, 56), {
        inputSize: 32,
        inference: { mode },
        statistics,
      });
      assert.deepEqual(probabilities.shape, [1, 2, 40, 56]);
      const total = probabilities.sum(1);
      assert.ok(total.sub(1).abs().amax().item() < 1e-5, "probabilities add up to 1");
      const labels = labelMaps(probabilities).select(0, 0).toNested() as number[][];
      assert.ok(labels.every((row) => row.slice(0, 26).every((label) => label === 0)));
      assert.ok(labels.every((row) => row.slice(30).every((label) => label === 1)));
    });
  });
}

test("a picture smaller than a tile is padded, and the padding cut off again", () => {
  scope(() => {
    const probabilities = segmentImages(threshold, halves(20, 24), {
      inputSize: 32,
      inference: { mode: "tiles" },
      statistics,
    });
    assert.deepEqual(probabilities.shape, [1, 2, 20, 24]);
  });
});
