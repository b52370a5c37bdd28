import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { applyAffine, composeAffine, exchangeRasAndLps } from "./affine.ts";
import { gridWithShape, gridWithSpacing } from "./grid.ts";
import { reorient } from "./orientation.ts";
import { resampleImage } from "./resample-image.ts";

/** A volume that Pillow resized, one axis after another. */
const { wave, resized } = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", "expected.json"), "utf8"));

const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
const straight = exchangeRasAndLps([0.7, 0, 0, -100, 0, 0.8, 0, -90, 0, 0, 2.5, 30, 0, 0, 0, 1]);

const scan = <Data extends Samples>(shape: Vec3, data: Data, affine?: Affine, channels: 1 | 3 = 1): Scan<Data> => ({
  shape,
  channels,
  data,
  meaning: "relative",
  affine,
});

/** Values of a function of the place in mm. */
function drawn({ shape, affine }: { shape: Vec3; affine: Affine }, value: (mm: Vec3) => number): Float64Array {
  const [depth, height, width] = shape;
  return Float64Array.from({ length: depth * height * width }, (_, i) =>
    value(applyAffine(affine, [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))])),
  );
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `[${i}]: ${actual[i]}, expected ${expected[i]}`);
  }
}

/** A grid in the middle of a volume of 20 mm about the origin, turned about all axes. */
const tilted = {
  shape: [5, 6, 7] as const,
  affine: composeAffine(
    [1, 1.1, 0.9],
    [-1, -3, 1.5],
    [
      [0.8, 0.6, 0],
      [-0.48, 0.64, 0.6],
      [0.36, -0.48, 0.8],
    ],
  ),
};
const cube = { shape: [21, 21, 21] as const, affine: [1, 0, 0, -10, 0, 1, 0, -10, 0, 0, 1, -10, 0, 0, 0, 1] };

test("linear and cubic are Pillow's, growing and shrinking, with and without an affine", () => {
  assert.equal(resized.length, 6);
  for (const { interpolation, shape, data } of resized) {
    for (const affine of [undefined, straight]) {
      const floats = scan(wave.shape, Float32Array.from(wave.data), affine);
      assertClose(resampleImage(floats, gridWithShape(floats, shape), interpolation).data, data, 0.01);
      const integers = scan(wave.shape, Int16Array.from(wave.data), affine);
      assertClose(resampleImage(integers, gridWithShape(integers, shape), interpolation).data, data, 1.6);
    }
  }
});

test("a new size keeps the field of view, a new spacing is exact and keeps the middle", () => {
  const middle = ({ shape, affine }: { shape: Vec3; affine?: Affine | undefined }) =>
    applyAffine(affine!, [(shape[2] - 1) / 2, (shape[1] - 1) / 2, (shape[0] - 1) / 2]);
  const source = { ...scan([8, 30, 20], new Uint8Array(4800), straight), spacingMm: [2.5, 0.8, 0.7] as const };
  const sized = resampleImage(source, gridWithShape(source, [4, 60, 20]));
  assert.deepEqual(sized.shape, [4, 60, 20]);
  assertClose(sized.spacingMm!, [5, 0.4, 0.7], 1e-12);
  const spaced = resampleImage(source, gridWithSpacing(source, [3, 1, 0.7]));
  assert.deepEqual(spaced.shape, [7, 24, 20]);
  assertClose(spaced.spacingMm!, [3, 1, 0.7], 1e-12);
  for (const result of [sized, spaced]) assertClose(middle(result), middle(source), 1e-9);
});

test("sizes of voxels go on being known, and unknown, as they were", () => {
  const picture = { ...scan([1, 4, 6], new Uint8Array(24)), spacingMm: [Number.NaN, 0.2, 0.1] as const };
  assert.deepEqual(resampleImage(picture, gridWithShape(picture, [1, 2, 2])).spacingMm, [Number.NaN, 0.4, 0.1 * 3]);
  const unknown = scan([1, 4, 6], new Uint8Array(24));
  const { spacingMm, affine } = resampleImage(unknown, gridWithShape(unknown, [1, 2, 2]));
  assert.deepEqual([spacingMm, affine], [undefined, undefined]);
  assert.throws(() => gridWithSpacing(unknown, [1, 1, 1]), { code: "ERR_SCAN_UNORIENTED" });
});

test("onto an oblique grid, linear is exact for what is linear, cubic for what is quadratic", () => {
  const linear = ([x, y, z]: Vec3) => 3 * x - 2 * y + 0.5 * z + 7;
  const quadratic = ([x, y, z]: Vec3) => x * x - 0.5 * y * y + 0.25 * z * z + x * y - y * z;
  const ramp = scan(cube.shape, drawn(cube, linear), cube.affine);
  assertClose(resampleImage(ramp, tilted, "linear").data, drawn(tilted, linear), 1e-9);
  const bowl = scan(cube.shape, drawn(cube, quadratic), cube.affine);
  assertClose(resampleImage(bowl, tilted, "cubic").data, drawn(tilted, quadratic), 1e-9);
});

test("permuted and flipped axes are parallel ones", () => {
  const source = scan(wave.shape, Float32Array.from(wave.data), straight);
  const grid = gridWithShape(source, [3, 5, 12]);
  const direct = resampleImage(source, grid);
  for (const code of ["SAR", "PIL", "RPS"] as const) {
    const turned = resampleImage(reorient(source, code), grid);
    assertClose(turned.data, direct.data, 1e-2);
    assert.deepEqual([turned.shape, turned.affine], [grid.shape, grid.affine]);
  }
});

test("the grid of the scan itself changes nothing", () => {
  const source = scan(wave.shape, Int16Array.from(wave.data), straight);
  const nearly = { shape: source.shape, affine: straight.map((value) => value * (1 + 1e-7)) };
  assert.deepEqual(resampleImage(source, nearly).data, source.data);
});

test("beyond the source there is its least value", () => {
  const source = scan([1, 1, 3], Int16Array.of(40, -1000, 70), identity);
  const shifted = identity.with(3, -2);
  assert.deepEqual(
    [...resampleImage(source, { shape: [1, 1, 6], affine: shifted }, "linear").data],
    [-1000, -1000, 40, -1000, 70, -1000],
  );
  const oblique = resampleImage(scan(cube.shape, new Int16Array(21 ** 3).fill(5).fill(-3, 0, 1), cube.affine), {
    shape: [1, 1, 40],
    affine: composeAffine(
      [1, 1, 1],
      [-20, -15, 0],
      [
        [0.8, 0.6, 0],
        [-0.6, 0.8, 0],
        [0, 0, 1],
      ],
    ),
  });
  const values = [...oblique.data];
  // It enters the cube, whose edge is at 10.5 mm, after 4.5 / 0.6 and 9.5 / 0.8 voxels; it leaves at the far side.
  assert.deepEqual([values.indexOf(5), values.lastIndexOf(5)], [12, 38]);
  assert.deepEqual(new Set(values), new Set([-3, 5]));
});

test("shrinking onto an oblique grid does not alias: stripes become grey", () => {
  const stripes = scan(
    cube.shape,
    drawn(cube, ([x]) => (Math.abs(x) % 2 === 0 ? 0 : 100)),
    cube.affine,
  );
  const coarse = {
    shape: [2, 2, 2] as const,
    affine: tilted.affine.map((value, i) => (i % 4 === 3 ? value : value * 4)),
  };
  for (const value of resampleImage(stripes, coarse, "linear").data) assert.ok(Math.abs(value - 50) < 8, `${value}`);
});

test("colors are interpolated each for itself, 8 bits are rounded and clipped", () => {
  const source = scan([1, 1, 4], Uint8Array.of(0, 9, 255, 0, 9, 255, 255, 9, 0, 255, 9, 0), undefined, 3);
  const { data } = resampleImage(source, gridWithShape(source, [1, 1, 8]));
  const channel = (index: number) => [...data].filter((_, i) => i % 3 === index);
  assert.deepEqual(channel(1), new Array(8).fill(9));
  assert.deepEqual(channel(0), channel(2).toReversed());
  assert.deepEqual([channel(0)[0], channel(0)[2], channel(0)[5], channel(0)[7]], [0, 0, 255, 255]);
});
