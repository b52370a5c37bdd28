import assert from "node:assert/strict";
import { test } from "node:test";
import { reorientForDisplay, type Scan } from "@medssl/imaging";
import { cat, type Tensor } from "@medssl/torch";
import { elementSize, onOwnGrid, type ScanSegmenter, segmentScan } from "./segment-scan.ts";

/** Label 1 where the last channel is bright. */
const network = {
  forward(images: Tensor) {
    const last = images.slice(1, images.size(1) - 1);
    return cat([last.mul(-10), last.mul(10)], 1);
  },
};

const segmenter: ScanSegmenter = {
  network,
  inputSize: 16,
  inference: { mode: "tiles", tileOverlap: 0.5, flips: "none" },
  statistics: { mean: 0.5, std: 0.25 },
  contextSlices: 0,
  input: { width: 32, height: 24, fit: "squash", channel: "luma", dtype: "uint8" },
  isNative: false,
  postProcessing: [],
  device: "cpu",
};

/** Each slice dark but for its own square; slice 4 of one value throughout. RAS, as NIfTI files often are. */
const [depth, height, width] = [9, 24, 32] as const;
const isBright = (z: number, y: number, x: number) => z !== 4 && y >= 2 + z && y < 8 + z && x >= 3 && x < 9;
const truth = (z: number, i: number) => Number(isBright(z, Math.floor(i / width), i % width));
const size = height * width;
const volume: Scan<Uint8Array> = {
  shape: [depth, height, width],
  channels: 1,
  data: Uint8Array.from({ length: depth * size }, (_, i) => 255 * truth(Math.floor(i / size), i % size)),
  meaning: "shown",
  affine: [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 5, 30, 0, 0, 0, 1],
  spacingMm: [5, 2, 2],
};

test("a volume's labels come back on its own grid, whichever way it was turned for the eye", () => {
  const shown = reorientForDisplay(volume);
  assert.notDeepEqual(shown.affine, volume.affine);
  for (const isNative of [false, true]) {
    const mask = onOwnGrid(segmentScan(shown, { ...segmenter, isNative }), shown, volume);
    assert.deepEqual([mask.shape, mask.affine], [volume.shape, volume.affine]);
    assert.deepEqual(
      mask.data,
      volume.data.map((value) => value / 255),
    );
  }
});

test("the slice behind is the last channel; where it is missing, the nearest that is there", () => {
  const found = segmentScan({ ...volume, affine: undefined }, { ...segmenter, contextSlices: 1 });
  const behind = [1, 2, 3, 3, undefined, 6, 7, 8, 8];
  for (const [z, from] of behind.entries()) {
    const expected = Uint8Array.from({ length: size }, (_, i) => (from === undefined ? 0 : truth(from, i)));
    assert.deepEqual(found.subarray(z * size, (z + 1) * size), expected, `slice ${z}`);
  }
});

test("the size of a pixel in mm2, of a voxel in ml; unknown where the file does not say", () => {
  assert.equal(elementSize({ shape: [1, 4, 4], spacingMm: [Number.NaN, 0.5, 0.5] }), 0.25);
  assert.equal(elementSize({ shape: [3, 4, 4], spacingMm: [10, 1, 1] }), 0.01);
  assert.equal(elementSize({ shape: [3, 4, 4], spacingMm: [Number.NaN, 1, 1] }), undefined);
  assert.equal(elementSize({ shape: [1, 4, 4] }), undefined);
  assert.equal(elementSize({ shape: [1, 4, 4], spacingMm: [1, 0, 0] }), undefined);
});
