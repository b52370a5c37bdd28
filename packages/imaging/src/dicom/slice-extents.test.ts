import assert from "node:assert/strict";
import { test } from "node:test";
import type { Vec3 } from "../scan.ts";
import type { InstanceHeader } from "./instance-header.ts";
import { sliceExtents } from "./slice-extents.ts";
import { groupInstances, type SeriesVolume } from "./volume.ts";

/** Slices of 0.5 mm pixels at these places, in DICOM's axes. */
function volumeAt(places: readonly (Vec3 | undefined)[]): SeriesVolume {
  const directions = [
    [1, 0, 0],
    [0, 1, 0],
  ] as const;
  const headers = places.map((positionMm, i) => ({
    ...{ file: `${i}.dcm`, instanceUid: `1.${i}`, instanceNumber: i, modality: "CT", imageType: [], hasPixels: true },
    ...{ rows: 8, columns: 8, numFrames: 1, samplesPerPixel: 1, references: [] },
    frames: [{ positionMm, directions: positionMm && directions, spacingMm: [0.5, 0.5], thicknessMm: 2, marks: {} }],
  }));
  return groupInstances(headers as unknown as InstanceHeader[])[0]!;
}

const along = (...heights: readonly number[]) => heights.map((z): Vec3 => [0, 0, z]);

test("a gap goes to the slices at its ends, and the slices behind it are off an even grid", () => {
  const extents = sliceExtents(volumeAt(along(0, 2, 4, 10, 12)))!;
  assert.deepEqual(extents.extentsMm, [2, 2, 4, 4, 2]);
  assert.equal(extents.offsetMm, 4);
  // A gap before the last slice says nothing of what lies beyond it.
  assert.deepEqual(sliceExtents(volumeAt(along(0, 5, 10, 20)))!.extentsMm, [5, 5, 7.5, 7.5]);
  // From the last to the first: the order of the files does not matter.
  assert.deepEqual(sliceExtents(volumeAt(along(12, 10, 4, 2, 0))), extents);
});

test("steps that change: each slice stands for what lies around it", () => {
  const { extentsMm, offsetMm } = sliceExtents(volumeAt(along(0, 1, 2, 3, 4, 7, 10)))!;
  assert.deepEqual(extentsMm, [1, 1, 1, 1, 2, 3, 3]);
  assert.ok(offsetMm > 0);
});

test("a tilted gantry: the height of the slices, not the way along the tilt", () => {
  const tilted = volumeAt([0, 2, 4, 6].map((z): Vec3 => [0, z * Math.tan(Math.PI / 9), z]));
  const { extentsMm, offsetMm } = sliceExtents(tilted)!;
  assert.ok(Math.abs(tilted.spacingMm![0] - 2 / Math.cos(Math.PI / 9)) < 1e-9);
  assert.ok(extentsMm.every((mm) => Math.abs(mm - 2) < 1e-9));
  assert.equal(offsetMm, 0);
});

test("nothing to say of even slices, rounded positions, one slice, and slices that nobody placed", () => {
  assert.equal(sliceExtents(volumeAt(along(0, 2, 4, 6))), undefined);
  assert.equal(sliceExtents(volumeAt(along(0, 0.6, 1.3, 1.9, 2.5))), undefined);
  assert.equal(sliceExtents(volumeAt(along(3))), undefined);
  assert.equal(sliceExtents(volumeAt([undefined, undefined])), undefined);
});
