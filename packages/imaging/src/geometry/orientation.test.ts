import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Affine, Scan, Vec3 } from "../scan.ts";
import { applyAffine, composeAffine, exchangeRasAndLps, orientationCode } from "./affine.ts";
import { displayOrientation, reorient, reorientForDisplay } from "./orientation.ts";

/** Volumes of 2x3x4 voxels that nibabel has turned. */
const { turns } = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", "expected.json"), "utf8"));

function volume(shape: Vec3, affine: Affine | undefined, channels: 1 | 3 = 1): Scan {
  const length = shape[0] * shape[1] * shape[2] * channels;
  return { shape, channels, data: Int16Array.from({ length }, (_, i) => i), meaning: "relative", affine };
}

test("volumes are turned as nibabel turns them, with their affine", () => {
  for (const { code, affine, shape, data, turned } of turns) {
    const scan = reorient({ ...volume([4, 3, 2], affine), spacingMm: [3, 2, 1] }, code);
    assert.deepEqual(scan.shape, shape);
    assert.deepEqual([...scan.data], data);
    for (const [i, value] of scan.affine!.entries()) assert.ok(Math.abs(value - turned[i]) < 1e-9);
    assert.equal(orientationCode(scan.affine!), code);
  }
  assert.equal(turns.length, 7);
});

test("spacing goes with its axis, colors stay together, and a voxel keeps its place in the patient", () => {
  // x to the head, y to the left, z to the front.
  const affine = composeAffine(
    [3, 2, 1],
    [10, 20, 30],
    [
      [0, 0, 1],
      [-1, 0, 0],
      [0, 1, 0],
    ],
  );
  const stored = { ...volume([2, 3, 4], affine, 3), spacingMm: [3, 2, 1] as const };
  assert.equal(orientationCode(affine), "SLA");
  const turned = reorient(stored, "LPS");
  assert.deepEqual(
    [turned.shape, turned.spacingMm],
    [
      [4, 2, 3],
      [1, 3, 2],
    ],
  );
  // Voxel (x, y, z) = (2, 1, 0) as stored; L is its y, P its z backwards, S its x.
  const at = (scan: Scan, [x, y, z]: Vec3) => {
    const i = ((z * scan.shape[1] + y) * scan.shape[2] + x) * 3;
    return [...scan.data.subarray(i, i + 3)];
  };
  assert.deepEqual(at(turned, [1, 1, 2]), at(stored, [2, 1, 0]));
  assert.deepEqual(applyAffine(turned.affine!, [1, 1, 2]), applyAffine(affine, [2, 1, 0]));
});

test("a scan that lies right already is not copied", () => {
  const scan = volume([2, 3, 4], exchangeRasAndLps([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]));
  assert.equal(reorient(scan, "LPS"), scan);
});

test("an axis of one voxel is turned like any other", () => {
  const scan = reorient(volume([2, 3, 1], [0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]), "RAS");
  assert.deepEqual(
    [scan.shape, [...scan.data]],
    [
      [3, 1, 2],
      [0, 3, 1, 4, 2, 5],
    ],
  );
});

test("volumes are cut axially, thick ones along their thick axis", () => {
  const straight = (x: number, y: number, z: number): Affine => [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];
  assert.equal(displayOrientation(straight(1, 1, 1), [4, 4, 4]), "LPS");
  assert.equal(displayOrientation(straight(0.8, 0.8, 5), [4, 4, 4]), "LPS");
  assert.equal(displayOrientation(straight(3, 1, 1), [4, 4, 4]), "PIL");
  assert.equal(displayOrientation(straight(1, 6, 1), [4, 4, 4]), "LIP");
  // Twice as thick as one axis only.
  assert.equal(displayOrientation(straight(2, 1, 2), [4, 4, 4]), "LPS");
});

test("a single slice is shown in its own plane, however thick it is", () => {
  // Rows to the left, columns to the feet: a coronal slice of isotropic voxels.
  const coronal = composeAffine(
    [1, 1, 1],
    [5, 6, 7],
    [
      [-1, 0, 0],
      [0, 0, -1],
      [0, 1, 0],
    ],
  );
  assert.equal(displayOrientation(coronal, [9, 3, 4]), "LPS");
  const slice = volume([1, 3, 4], coronal);
  const shown = reorientForDisplay(slice);
  assert.deepEqual([shown.shape, orientationCode(shown.affine!)], [[1, 3, 4], "LIP"]);
  assert.deepEqual([...shown.data], [...slice.data]);
  // The same as NIfTI has it: x to the right, y of one voxel to the front, z to the head.
  const nifti = volume([3, 1, 4], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const turned = reorientForDisplay(nifti);
  assert.deepEqual([turned.shape, [...turned.data]], [[1, 3, 4], [...nifti.data].reverse()]);
  // A row of voxels has no plane.
  assert.equal(displayOrientation(coronal, [1, 1, 4]), "LPS");
});

test("short-axis cardiac slices stay whole and are only turned within their plane", () => {
  // The stack runs to the left and a little to the back; rows and columns are oblique to everything.
  const affine = composeAffine(
    [10, 1.5, 1.5],
    [0, 0, 0],
    [
      [-0.36, 0.48, 0.8],
      [0.48, -0.64, 0.6],
      [-0.8, -0.6, 0],
    ],
  );
  assert.equal(orientationCode(affine), "SPL");
  const scan = reorientForDisplay(volume([5, 4, 6], affine));
  assert.equal(orientationCode(scan.affine!), "PIL");
  assert.deepEqual(scan.shape, [5, 6, 4]);
});

test("without an affine nothing is known: as stored for the eye, refused where an orientation is asked for", () => {
  const scan = volume([1, 2, 3], undefined);
  assert.equal(reorientForDisplay(scan), scan);
  assert.throws(() => reorient(scan, "LPS"), { code: "ERR_SCAN_UNORIENTED" });
});
