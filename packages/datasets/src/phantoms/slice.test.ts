import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { type Densities, SlicePainter } from "./slice.ts";
import { ellipsoid, stack, type Tissue, tube } from "./solids.ts";

const densities = new Proxy({} as Densities, {
  get: (_, tissue: Tissue | "air") => (tissue === "air" ? -1000 : tissue === "fat" ? -100 : 50),
});
const grid = { size: 64, pitch: 2, x: 0, y: 0, z: 0 };
const painter = () => new SlicePainter(grid, densities, ["ball", "hole"], new Random(1));

test("a ball's section has its area, and mixes with the air on its rim", () => {
  const slice = painter();
  slice.paint([ellipsoid("muscle", [5, -10, 12], [40, 40, 40], [1, 0, 0], { name: "ball" })]);
  const radius = Math.sqrt(40 ** 2 - 12 ** 2);
  const area = slice.labels.filter((label) => label === 1).length * grid.pitch ** 2;
  assert.ok(Math.abs(area / (Math.PI * radius ** 2) - 1) < 0.02, `${area}`);
  const filled = slice.density.reduce((sum, value) => sum + (value + 1000) / 1050, 0) * grid.pitch ** 2;
  assert.ok(Math.abs(filled / (Math.PI * radius ** 2) - 1) < 0.02, `${filled}`);
  assert.ok(slice.density.some((value) => value > -900 && value < -50));
});

test("what is painted later takes the label; what belongs inside leaves it", () => {
  const slice = painter();
  slice.paint([
    ellipsoid("muscle", [0, 0, 0], [40, 40, 40], [1, 0, 0], { name: "ball" }),
    ellipsoid("fat", [-20, 0, 0], [8, 8, 8], [1, 0, 0], { name: "hole" }),
    tube(
      "fat",
      [
        [20, 0, -20],
        [20, 0, 20],
      ],
      6,
      6,
      { isInner: true },
    ),
    tube(
      "fat",
      [
        [0, 20, -20],
        [0, 20, 20],
      ],
      6,
    ),
  ]);
  const pixelAt = (x: number, y: number) => (32 + y / 2) * 64 + 32 + x / 2;
  assert.equal(slice.labels[pixelAt(0, 0)], 1);
  assert.equal(slice.labels[pixelAt(-20, 0)], 2);
  assert.equal(slice.labels[pixelAt(20, 0)], 1);
  assert.equal(slice.labels[pixelAt(0, 20)], 0);
  for (const [x, y] of [
    [-20, 0],
    [20, 0],
    [0, 20],
  ] as const)
    assert.equal(slice.density[pixelAt(x, y)], -100);
});

test("organs stay inside the opened cavity; other heights paint nothing", () => {
  const slice = painter();
  const box = { right: 20, left: 20, front: 30, back: 30 };
  slice.paint([
    stack("fat", [{ z: -5, ...box }, { z: 5 }], { cavity: "opens" }),
    ellipsoid("muscle", [0, 0, 0], [50, 50, 50], [1, 0, 0], { cavity: "inside", name: "ball" }),
    ellipsoid("muscle", [0, 0, 90], [50, 50, 50], [1, 0, 0], { name: "hole" }),
  ]);
  const area = slice.labels.filter((label) => label === 1).length * grid.pitch ** 2;
  assert.ok(Math.abs(area / (Math.PI * 20 * 30) - 1) < 0.04, `${area}`);
  assert.ok(!slice.labels.includes(2));
});
