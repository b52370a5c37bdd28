/** `enlargeLabels` of @medssl/imaging against libtorch, which it has to equal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { enlargeLabels } from "@medssl/imaging";
import { interpolate, manualSeed, randn, scope, type Tensor } from "@medssl/torch";
import { labelsOf } from "./segment-images.ts";

const planesOf = (margins: Tensor) =>
  margins
    .select(0, 0)
    .unbind(0)
    .map((plane) => plane.contiguous().toTypedArray() as Float32Array);
const bytesOf = (labels: Tensor) => labels.contiguous().toTypedArray() as Uint8Array;

test("labels between pixels are those of bilinear margins, whatever the sizes and the number of classes", () => {
  manualSeed(3);
  for (const [numLabels, [height, width], [tall, wide]] of [
    [1, [9, 7], [9, 7]],
    [1, [12, 20], [77, 133]],
    [3, [16, 11], [40, 90]],
    [2, [1, 5], [4, 23]],
  ] as const) {
    scope(() => {
      // Smooth, so that there are areas of one label too.
      const margins = interpolate(randn([1, numLabels, 4, 4]), [height, width]);
      const labels = bytesOf(labelsOf(margins));
      const small = { width, height, labels, found: labels, margins: planesOf(margins) };
      const expected = bytesOf(labelsOf(interpolate(margins, [tall, wide])));
      assert.deepEqual(enlargeLabels(small, wide, tall).data, expected);
      assert.ok(new Set(expected).size > 1);
    });
  }
});

test("where cleaning changed a label, the pixels around go to the nearest", () => {
  const margins = [Float32Array.of(4, -1, 4, -1)];
  const found = Uint8Array.of(1, 0, 1, 0);
  const enlarged = (labels: Uint8Array) => enlargeLabels({ width: 4, height: 1, labels, found, margins }, 12, 1).data;
  // A border lies a fifth before a dark pixel's center.
  assert.equal(enlarged(found).join(""), "111101111100");
  assert.equal(enlarged(Uint8Array.of(1, 1, 1, 0)).join(""), "111111111100");
  assert.equal(enlarged(Uint8Array.of(1, 0, 0, 0)).join(""), "111100000000");
});
