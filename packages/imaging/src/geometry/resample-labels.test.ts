import assert from "node:assert/strict";
import { test } from "node:test";
import { resizeLabels } from "../resize.ts";
import type { Affine, Scan, Vec3 } from "../scan.ts";
import { applyAffine, composeAffine, exchangeRasAndLps, invertAffine } from "./affine.ts";
import { type Grid, gridWithShape, gridWithSpacing } from "./grid.ts";
import { reorient } from "./orientation.ts";
import { resampleLabels } from "./resample-labels.ts";

const affine = exchangeRasAndLps([0.7, 0, 0, -10, 0, 0.8, 0, -9, 0, 0, 2.5, 3, 0, 0, 0, 1]);

function labels(shape: Vec3, label: (x: number, y: number, z: number) => number, itsAffine?: Affine): Scan<Uint8Array> {
  const [depth, height, width] = shape;
  const data = Uint8Array.from({ length: depth * height * width }, (_, i) =>
    label(i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))),
  );
  return { shape, channels: 1, data, meaning: "relative", affine: itsAffine };
}

/** Two organs in the shape of a disc and of a half plane. */
const organs = (x: number, y: number) => ((x - 20) ** 2 + (y - 15) ** 2 < 100 ? 2 : x > 25 ? 1 : 0);

test("what is thick goes by the nearest voxel, as resizeLabels does", () => {
  const picture = labels([1, 31, 40], organs);
  for (const [height, width] of [
    [16, 20],
    [62, 80],
    [31, 40],
    [11, 71],
  ] as const) {
    const expected = resizeLabels({ width: 40, height: 31, channels: 1, data: picture.data }, width, height);
    for (const known of [undefined, affine]) {
      const scan = { ...picture, affine: known };
      const result = resampleLabels(scan, gridWithShape(scan, [1, height, width]));
      assert.deepEqual(result.data, expected.data, `${width}x${height}`);
    }
  }
});

test("a grid that is turned and flipped back gives the same labels", () => {
  const scan = labels([6, 31, 40], (x, y, z) => (z > 2 ? organs(x, y) : 0), affine);
  const turned = reorient(scan, "SAR");
  assert.deepEqual(resampleLabels(turned, { shape: scan.shape, affine }).data, scan.data);
});

/** Where a source voxel is in the target. */
function placeIn(grid: Grid, source: Scan, voxel: Vec3): Vec3 {
  return applyAffine(invertAffine(grid.affine), applyAffine(source.affine!, voxel));
}

const tilted: Affine = composeAffine(
  [3, 2.5, 2],
  [1, -11, 1],
  [
    [-0.8, 0.6, 0],
    [0.6, 0.8, 0],
    [0, 0, 1],
  ],
);

test("a lesion of one voxel, wherever it is, keeps its label within a voxel of its place", () => {
  const size = 12;
  const at = labels([size, size, size], () => 1, affine);
  const grids: Grid[] = [
    gridWithShape(at, [3, 4, 5]),
    gridWithSpacing(at, [6, 3, 2]),
    { shape: [12, 9, 11], affine: tilted },
  ];
  for (const grid of grids) {
    let kept = 0;
    for (let i = 0; i < size ** 3; i += 7) {
      const voxel: Vec3 = [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)];
      const place = placeIn(grid, at, voxel);
      const sizes = grid.shape.toReversed();
      if (place.some((value, axis) => value < -0.49 || value > sizes[axis]! - 0.51)) continue;
      // In the middle of an organ that fills everything.
      const scan = { ...at, data: at.data.with(i, 2) as Uint8Array<ArrayBuffer> };
      const result = resampleLabels(scan, grid);
      const found = [...result.data.keys()].filter((target) => result.data[target] === 2);
      assert.equal(found.length, 1, `voxel ${voxel}`);
      const [width, height] = [grid.shape[2], grid.shape[1]];
      const target = found[0]!;
      const where = [target % width, Math.floor(target / width) % height, Math.floor(target / (width * height))];
      assert.ok(
        where.every((value, axis) => Math.abs(value - place[axis]!) <= 1),
        `voxel ${voxel}`,
      );
      kept++;
    }
    assert.ok(kept > 100, `${kept}`);
  }
});

test("a thin vessel does not break for longer than a voxel", () => {
  const vessel = labels([1, 40, 40], (x, y) => (y === Math.floor(10 + x / 3) ? 3 : 0));
  const { data } = resampleLabels(vessel, gridWithShape(vessel, [1, 10, 10]));
  const columns = Array.from({ length: 10 }, (_, x) => data.some((label, i) => i % 10 === x && label === 3));
  for (let x = 1; x < 9; x++) assert.ok(columns[x - 1] || columns[x] || columns[x + 1], `${columns}`);
  // Nearest neighbor alone keeps less.
  const nearest = resizeLabels({ width: 40, height: 40, channels: 1, data: vessel.data }, 10, 10).data;
  const numVoxels = (values: Uint8Array) => values.filter((label) => label > 0).length;
  assert.ok(numVoxels(data) >= numVoxels(nearest));
  for (const [i, label] of nearest.entries()) if (label > 0) assert.equal(data[i], label);
});

test("where two labels want one voxel, the rarer gets it", () => {
  // The nearest voxels are 2, 6 and 10: all are lost. Label 4, which occurs once, and a 5 lie in target voxel 1.
  const row = Uint8Array.of(0, 0, 0, 0, 0, 4, 0, 5, 0, 0, 0, 5);
  const scan = { ...labels([1, 1, 12], () => 0), data: row };
  assert.deepEqual([...resampleLabels(scan, gridWithShape(scan, [1, 1, 3])).data], [0, 4, 5]);
  // A common label does not take the voxel that a rare one has.
  const taken = { ...scan, data: Uint8Array.of(6, 6, 0, 0, 0, 0, 7, 6, 6, 6, 0, 6) };
  assert.deepEqual([...resampleLabels(taken, gridWithShape(taken, [1, 1, 3])).data], [6, 7, 6]);
});

test("no label is invented, and outside of the source is background", () => {
  const scan = labels([4, 9, 9], (x, y, z) => ((x + y + z) % 3 === 0 ? 200 : 7), affine);
  const result = resampleLabels(scan, { shape: [9, 12, 11], affine: tilted });
  assert.deepEqual(new Set(result.data), new Set([0, 7, 200]));
});
