import assert from "node:assert/strict";
import { test } from "node:test";
import type { SegmentationPlan } from "@medssl/contract";
import { cat, type Tensor } from "@medssl/torch";
import { TorchSliceSegmenter } from "./torch-segmenter.ts";

/** Label 1 where the last channel is bright. */
const network = {
  forward(images: Tensor) {
    const last = images.slice(1, images.size(1) - 1);
    return cat([last.mul(-10), last.mul(10)], 1);
  },
};

const plan: SegmentationPlan = {
  inputSize: 16,
  contextSlices: 1,
  slices: { width: 32, height: 24, fit: "squash", channel: "luma", dtype: "uint8" },
  unitRange: [0, 255],
  statistics: { mean: 0.5, std: 0.25 },
  mode: "tiles",
  tileOverlap: 0.5,
  flips: "none",
  postProcessing: [],
  kinds: [],
};

test("slices become channels in their order; labels and how sure they are come back for each", async () => {
  const [width, height] = [32, 24];
  const dark = new Uint8Array(width * height);
  const half = dark.map((_, i) => (i % width < 20 ? 255 : 0));
  const batch = {
    width,
    height,
    slices: [
      [half, half, dark],
      [dark, dark, half],
    ],
  };
  const segmenter = new TorchSliceSegmenter(network, plan, "cpu");
  const expected = Uint8Array.from([...dark, ...half.map((value) => value / 255)]);
  assert.deepEqual((await segmenter.segmentSlices(batch, { fractions: false, margins: false })).labels, expected);
  const { labels, fractions } = await segmenter.segmentSlices(batch, { fractions: true, margins: true });
  assert.deepEqual(labels, expected);
  // Values of 0 and 1 are standardised to -2 and 2: far from the border of the two labels.
  assert.deepEqual(
    fractions,
    expected.map((value) => 255 * value),
  );
});
