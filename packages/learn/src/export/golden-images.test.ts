import assert from "node:assert/strict";
import { test } from "node:test";
import { checkScan, segmentScan } from "@medssl/imaging";
import { goldenImages } from "./golden-images.ts";

const slices = { width: 48, height: 32, fit: "pad", channel: "luma", dtype: "uint8" } as const;

test("each kind has images that the model would take, again the same ones", () => {
  for (const kinds of [[], ["xray"], ["mr"], ["fundus"], ["picture"]]) {
    const images = goldenImages({ slices, contextSlices: 0, kinds });
    for (const image of images) {
      assert.deepEqual([image.meaning, image.shape], ["shown", [1, 53, 60]]);
      checkScan("golden", image, { slices, contextSlices: 0, kinds });
      assert.ok(new Set(image.data).size > 40, `${kinds}: nothing to see`);
    }
    assert.notDeepEqual(images[0]!.data, images[1]!.data);
    assert.deepEqual(images, goldenImages({ slices, contextSlices: 0, kinds }));
  }
});

test("CT has Hounsfield units; networks of several slices have a volume, each of whose slices is another", async () => {
  const ct = { slices: { ...slices, dtype: "int16" as const }, contextSlices: 1, kinds: ["ct"] };
  const [scan] = goldenImages(ct) as [ReturnType<typeof goldenImages>[0]];
  assert.deepEqual([scan.meaning, scan.shape], ["hounsfield", [4, 53, 60]]);
  assert.ok(Math.min(...scan.data) < -900 && Math.max(...scan.data) > -100, "air and body");
  const seen: number[] = [];
  const segmentSlices = async ({
    slices: batch,
    width,
    height,
  }: {
    slices: readonly (readonly unknown[])[];
    width: number;
    height: number;
  }) => {
    seen.push(...batch.map((channels) => channels.length));
    return { labels: new Uint8Array(batch.length * width * height) };
  };
  await segmentScan(scan, { segmentSlices }, { plan: { ...ct, postProcessing: [] }, numLabels: 1 });
  assert.deepEqual(seen, [3, 3, 3, 3]);
  const gray = goldenImages({ slices, contextSlices: 1, kinds: ["mr"] })[0]!;
  assert.deepEqual([gray.meaning, gray.shape, gray.data instanceof Uint8Array], ["shown", [4, 53, 60], true]);
});
