import assert from "node:assert/strict";
import { test } from "node:test";
import { reorientForDisplay } from "../geometry/orientation.ts";
import type { Scan } from "../scan.ts";
import { onOwnGrid, type SliceSegmenter, segmentScan } from "./segment-scan.ts";

/** Label 1 where the last channel is bright; as sure as it is bright. */
const segmenter: SliceSegmenter = {
  async segmentSlices({ slices }, { fractions }) {
    const bright = slices.flatMap((channels) => [...channels.at(-1)!]);
    const labels = Uint8Array.from(bright, (value) => Number(value > 127));
    return fractions ? { labels, fractions: Uint8Array.from(bright) } : { labels };
  },
};

const plan = {
  slices: { width: 32, height: 24, fit: "squash", channel: "luma", dtype: "uint8" } as const,
  contextSlices: 0,
  postProcessing: [],
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

test("a volume's labels come back on its own grid, whichever way it was turned for the eye", async () => {
  const shown = reorientForDisplay(volume);
  assert.notDeepEqual(shown.affine, volume.affine);
  for (const isNative of [false, true]) {
    const { labels } = await segmentScan(shown, segmenter, { plan, numLabels: 1, isNative });
    const mask = onOwnGrid(labels, shown, volume);
    assert.deepEqual([mask.shape, mask.affine], [volume.shape, volume.affine]);
    assert.deepEqual(
      mask.data,
      volume.data.map((value) => value / 255),
    );
  }
});

test("the slice behind is the last channel; where it is missing, the nearest that is there", async () => {
  const { labels } = await segmentScan({ ...volume, affine: undefined }, segmenter, {
    plan: { ...plan, contextSlices: 1 },
    numLabels: 1,
  });
  const behind = [1, 2, 3, 3, undefined, 6, 7, 8, 8];
  for (const [z, from] of behind.entries()) {
    const expected = Uint8Array.from({ length: size }, (_, i) => (from === undefined ? 0 : truth(from, i)));
    assert.deepEqual(labels.subarray(z * size, (z + 1) * size), expected, `slice ${z}`);
  }
});

test("fractions lie on the scan's grid, follow what cleaning changed, and are made only where they are wanted", async () => {
  const postProcessing = [{ value: 1, largest: 1, minimumSize: 1, fillHoles: true }];
  const picture = (rows: readonly string[]): Scan<Uint8Array> => ({
    shape: [1, rows.length, rows[0]!.length],
    channels: 1,
    data: Uint8Array.from(rows.join(""), (digit) => 25 * Number(digit)),
    meaning: "shown",
  });
  const scan = picture(["999000", "929000", "999009"]);
  const form = { ...plan.slices, width: 6, height: 3 };
  const options = { plan: { ...plan, slices: form, postProcessing }, numLabels: 1 };
  const { labels, fractions } = await segmentScan(scan, segmenter, { ...options, wantsFractions: true });
  const filled = ["111000", "111000", "111000"].join("");
  assert.equal(labels.join(""), filled);
  assert.deepEqual([...fractions[0]!], [225, 225, 225, 0, 0, 0, 225, 255, 225, 0, 0, 0, 225, 225, 225, 0, 0, 0]);
  assert.deepEqual((await segmentScan(scan, segmenter, options)).fractions, []);
});

test("it says how far it is, and stops when it is told to", async () => {
  const done: number[] = [];
  const controller = new AbortController();
  const segment = (onProgress: (done: number) => void) =>
    segmentScan(volume, segmenter, { plan, numLabels: 1, onProgress, signal: controller.signal });
  await segment((slices) => void done.push(slices));
  // Slice 4 is blank and no slice that is segmented.
  assert.deepEqual(done, [4, 9]);
  await assert.rejects(
    segment(() => controller.abort()),
    { name: "AbortError" },
  );
});

test("the black border of a film goes first where the plan says so, and its labels lie where they lay", async () => {
  const [tall, wide] = [120, 160];
  // A film of 100 x 60 at (40, 30), grey, and bright at its left.
  const isFilm = (x: number, y: number) => x >= 40 && x < 140 && y >= 30 && y < 90;
  const film: Scan = {
    shape: [1, tall, wide],
    channels: 1,
    data: Uint8Array.from({ length: tall * wide }, (_, i) => {
      const [x, y] = [i % wide, Math.floor(i / wide)];
      return isFilm(x, y) ? (x < 90 ? 220 : 60) : 0;
    }),
    meaning: "shown",
  };
  const seen: number[] = [];
  const watching: SliceSegmenter = {
    async segmentSlices(batch, wishes) {
      seen.push(Math.min(...batch.slices[0]![0]!));
      return await segmenter.segmentSlices(batch, wishes);
    },
  };
  for (const isNative of [false, true]) {
    seen.length = 0;
    const options = { plan: { ...plan, cropsBlackBorder: true }, numLabels: 1, isNative, wantsFractions: true };
    const { labels, fractions } = await segmentScan(film, watching, options);
    assert.ok(seen.length === 1 && seen[0]! > 30, "the network sees the film alone");
    const wrong = labels.filter((label, i) => {
      const [x, y] = [i % wide, Math.floor(i / wide)];
      // The border of the labels may lie a pixel of the small picture from where it was.
      return Math.abs(x - 90) > 4 && label !== Number(isFilm(x, y) && x < 90);
    });
    assert.equal(wrong.length, 0);
    assert.equal(fractions[0]!.length, tall * wide);
    await segmentScan(film, watching, { ...options, plan });
    assert.equal(seen[1], 0, "without it, all of the picture");
  }
});
