import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scan } from "@medssl/imaging";
import { chooseSlices, drawOverlay } from "./overlay-picture.ts";

const scan = (depth: number, height: number, width: number): Scan<Uint8Array> => ({
  shape: [depth, height, width],
  channels: 1,
  data: new Uint8Array(depth * height * width),
  meaning: "shown",
});

test("a large picture is halved until a side of 1024 is left; a label of one pixel is still there", () => {
  const large = scan(1, 4, 2048);
  const labels = new Uint8Array(4 * 2048);
  labels[3 * 2048 + 2047] = 1;
  const { width, height, channels, data } = drawOverlay(chooseSlices(large, labels, { dtype: "uint8" }), "luma");
  assert.deepEqual([width, height, channels], [1024, 2, 3]);
  assert.deepEqual([...data.subarray(-3)], [230, 159, 0]);
  assert.ok(data.subarray(0, -3).every((value) => value === 0));
});

test("of a volume twelve slices with labels, of all where none has one; nothing of the volume goes along", () => {
  const volume = scan(40, 2, 3);
  const labels = new Uint8Array(240);
  assert.equal(chooseSlices(volume, labels, { dtype: "uint8" }).slices.length, 12);
  for (const z of [7, 30]) labels[z * 6] = 1;
  const { slices } = chooseSlices(volume, labels, { dtype: "uint8" });
  assert.deepEqual(
    slices.map((slice) => [slice.data.buffer.byteLength, slice.labels[0]]),
    [
      [6, 1],
      [6, 1],
    ],
  );
});
