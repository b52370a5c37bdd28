import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Vec3 } from "../scan.ts";
import {
  applyAffine,
  composeAffine,
  determinant,
  exchangeRasAndLps,
  invertAffine,
  multiplyAffines,
  obliquenessDegrees,
  orientationCode,
  spacingOf,
} from "./affine.ts";

/** Of random oblique and sheared affines, by nibabel and numpy. */
const { affines } = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", "expected.json"), "utf8"));
const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `[${i}]: ${value}, expected ${expected[i]}`);
  }
}

test("spacing, orientation, inverse and determinant are nibabel's and numpy's", () => {
  assert.equal(affines.length, 24);
  for (const { affine, code, spacing, inverse, determinant: volume, applied } of affines) {
    assert.equal(orientationCode(affine), code);
    assertClose(spacingOf(affine), spacing, 1e-12);
    assertClose(invertAffine(affine), inverse, 1e-9);
    assertClose([determinant(affine)], [volume], 1e-9);
    assertClose(applyAffine(affine, [3, -4, 5.5]), applied, 1e-9);
    assertClose(multiplyAffines(affine, invertAffine(affine)), identity, 1e-12);
  }
});

test("an affine is composed of spacing, origin and directions, and DICOM's LPS is turned to RAS", () => {
  // Rows run down the patient's left and columns to the back, as on an axial CT slice; the head is up.
  const directions = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const satisfies readonly Vec3[];
  const lps = composeAffine([5, 0.75, 0.5], [-120, -90, 30], directions);
  assert.deepEqual(lps, [0.5, 0, 0, -120, 0, 0.75, 0, -90, 0, 0, 5, 30, 0, 0, 0, 1]);
  const ras = exchangeRasAndLps(lps);
  assert.equal(orientationCode(ras), "LPS");
  assert.deepEqual(applyAffine(ras, [2, 0, 1]), [119, 90, 35]);
  assert.deepEqual(
    exchangeRasAndLps(ras),
    lps.map((value) => value + 0),
  );
});

test("obliqueness is the largest tilt of an axis", () => {
  const tilt = (20 * Math.PI) / 180;
  const [c, s] = [Math.cos(tilt), Math.sin(tilt)];
  // Turned about the left-right axis, by 20 degrees and by 70: then the front-back axis is called head-foot.
  assertClose([obliquenessDegrees([-1, 0, 0, 0, 0, 2 * c, -3 * s, 0, 0, 2 * s, 3 * c, 0, 0, 0, 0, 1])], [20], 1e-9);
  const steep = [1, 0, 0, 0, 0, 2 * s, -3 * c, 0, 0, 2 * c, 3 * s, 0, 0, 0, 0, 1];
  assert.equal(orientationCode(steep), "RSP");
  assertClose([obliquenessDegrees(steep)], [20], 1e-9);
  assert.equal(obliquenessDegrees(identity), 0);
});

test("a flat or damaged affine is refused", () => {
  const flat = [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1];
  for (const affine of [flat, identity.with(3, Number.NaN), identity.with(0, 0)]) {
    assert.throws(() => invertAffine(affine), { name: "MedsslError", code: "ERR_AFFINE_SINGULAR" });
  }
});
