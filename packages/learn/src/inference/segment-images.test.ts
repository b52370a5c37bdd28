import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { InferenceOptions } from "@medssl/contract";
import { arange, cat, fromTypedArray, scope, type Tensor, tensor } from "@medssl/torch";
import { labelMaps, segmentImages, segmentLabels } from "./segment-images.ts";

/** Calls bright what is brighter than the middle, pixel by pixel: the same whole or in tiles. */
const threshold = { forward: (images: Tensor) => cat([images.mul(-10), images.mul(10)], 1) };
const statistics = { mean: 0.5, std: 0.25 };

/** [1, 1, height, width] of 0-1: the right half is bright. */
function halves(height: number, width: number): Tensor {
  const pixels = Array.from({ length: height * width }, (_, i) => (i % width < width / 2 ? 0.1 : 0.9));
  return tensor(pixels).view([1, 1, height, width]);
}

for (const mode of ["whole", "tiles"] as const) {
  for (const flips of ["none", "both"] as const) {
    test(`${mode}, flips ${flips}: a picture of another size than the network's comes back at its own size`, () => {
      scope(() => {
        const options = { inputSize: 32, inference: { mode, tileOverlap: 0.5, flips }, statistics };
        const probabilities = segmentImages(threshold, halves(40, 56), options);
        assert.deepEqual(probabilities.shape, [1, 2, 40, 56]);
        const total = probabilities.sum(1);
        assert.ok(total.sub(1).abs().amax().item() < 1e-5, "probabilities add up to 1");
        const labels = labelMaps(probabilities);
        const rows = labels.select(0, 0).toNested() as number[][];
        assert.ok(rows.every((row) => row.slice(0, 26).every((label) => label === 0)));
        assert.ok(rows.every((row) => row.slice(30).every((label) => label === 1)));
        assert.deepEqual(segmentLabels(threshold, halves(40, 56), options).toNested(), labels.toNested());
      });
    });
  }
}

test("the likeliest class is argmax's, the first of equals too", () => {
  scope(() => {
    const scores = tensor(Array.from({ length: 240 }, (_, i) => (i * i * 7 + i) % 5)).view([2, 4, 5, 6]);
    assert.deepEqual(labelMaps(scores).toNested(), scores.argmax(1).to({ dtype: "uint8" }).toNested());
    assert.deepEqual(labelMaps(scores).dtype, "uint8");
  });
});

test("what a picture smaller than a tile is padded with is black, and cut off again", () => {
  scope(() => {
    // The probability tells the tile's mean.
    const meanOf = (images: Tensor) => images.mean([1, 2, 3], true).add(images.mul(0));
    const network = { forward: (images: Tensor) => cat([images.mul(0), meanOf(images)], 1) };
    const options = {
      inputSize: 32,
      inference: { mode: "tiles", tileOverlap: 0.5, flips: "none" },
      statistics: { mean: 0, std: 1 },
    } as const;
    const probabilities = segmentImages(network, halves(20, 24).mul(0).add(1), options);
    assert.deepEqual(probabilities.shape, [1, 2, 20, 24]);
    const mean = (20 * 24) / 32 ** 2;
    const expected = 1 / (1 + Math.exp(-mean));
    assert.ok(probabilities.select(1, 1).sub(expected).abs().amax().item() < 1e-6);
  });
});

interface Parity {
  readonly every: number;
  readonly cases: readonly {
    readonly batch: number;
    readonly channels: number;
    readonly height: number;
    readonly width: number;
    readonly tile: number;
    readonly overlap: number;
    readonly flips: InferenceOptions["flips"];
    readonly samples: readonly number[];
  }[];
}

/** As in make-sliding-window.py: it knows where in the tile a pixel is, and how bright the tile is. */
const placeNetwork = {
  forward(x: Tensor): Tensor {
    const side = arange(0, x.size(2)).to({ dtype: "float32" }).div(x.size(2));
    const first = x.slice(1, 0, 1);
    const down = side.view([1, 1, -1, 1]).mul(3).add(first);
    const mean = x
      .mean([1, 2, 3], true)
      .mul(40)
      .sub(side.view([1, 1, 1, -1]).mul(2));
    return cat([first.mul(2), down, mean.add(down.mul(0)).sub(19)], 1);
  },
};

test("blended probabilities are MONAI's", () => {
  const { every, cases }: Parity = JSON.parse(
    readFileSync(new URL("fixtures/sliding-window.json", import.meta.url), "utf8"),
  );
  for (const { batch, channels, height, width, tile, overlap, flips, samples } of cases) {
    scope(() => {
      const count = batch * channels * height * width;
      const values = Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 1009) / 1009);
      const images = fromTypedArray(values, [batch, channels, height, width]);
      const found = segmentImages(placeNetwork, images, {
        inputSize: tile,
        inference: { mode: "tiles", tileOverlap: overlap, flips },
        statistics: { mean: 0, std: 1 },
      });
      const error = found
        .flatten()
        .slice(0, 0, undefined, every)
        .sub(tensor([...samples]))
        .abs()
        .amax()
        .item();
      assert.ok(error < 1e-5, `${height}x${width}, overlap ${overlap}, flips ${flips}: differs by ${error}`);
    });
  }
});
