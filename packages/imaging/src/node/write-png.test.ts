import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Image } from "../image.ts";
import { encodeLabelPng } from "./indexed-png.ts";
import { decodeImage, readImage } from "./read-image.ts";
import { decodeMaskScan } from "./read-scan.ts";
import { encodePng } from "./write-png.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");

for (const name of ["gray8.png", "gray16.png", "rgb8.png", "rgb16.png"]) {
  test(`${name} is written and read back with every value`, async () => {
    const image = await readImage(join(fixtures, name));
    assert.deepEqual(await decodeImage(await encodePng(image), name), image);
  });
}

test("label maps of any size and number of labels come back as they were", async () => {
  const labelImages = fc
    .record({ width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 20 }) })
    .chain(({ width, height }) =>
      fc
        .uint8Array({ minLength: width * height, maxLength: width * height })
        .map((data) => ({ width, height, channels: 1 as const, data })),
    );
  await fc.assert(
    fc.asyncProperty(labelImages, async (labels) => {
      const { shape, data } = await decodeMaskScan(encodeLabelPng(labels), "labels");
      assert.deepEqual([shape, data], [[1, labels.height, labels.width], labels.data]);
    }),
    { seed: 1, numRuns: 50 },
  );
});

test("a label map is shown in its labels' colors by others", async () => {
  const labels: Image<Uint8Array> = { width: 3, height: 1, channels: 1, data: Uint8Array.of(0, 1, 2) };
  const { data } = await decodeImage(encodeLabelPng(labels), "labels");
  assert.deepEqual([...data], [0, 0, 0, 230, 159, 0, 86, 180, 233]);
});
