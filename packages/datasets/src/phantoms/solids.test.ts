import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { posed } from "./pose.ts";
import { curve, ellipsoid, type Point, radiusIn, radiusInSection, type Solid, stack, tube } from "./solids.ts";

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** Points of the outline of the section at height z. */
function outline(solid: Solid, z: number): Point[] {
  const { x, y, right, front, back, slope } = solid.sectionAt(z);
  return [-0.9, -0.3, 0, 0.5, 0.8].flatMap((u) =>
    [-front, back].map((depth): Point => [x + u * right, y + slope * u * right + depth * Math.sqrt(1 - u * u), z]),
  );
}

test("sections of a leaning ellipsoid lie on its surface", () => {
  fc.assert(
    fc.property(number(-1, 1), number(-1, 1), number(0.1, 1), number(-0.9, 0.9), (ax, ay, az, share) => {
      const center: Point = [3, -5, 7];
      const radii = [20, 9, 5] as const;
      const solid = ellipsoid("muscle", center, [...radii], [ax, ay, az]);
      // The surface told from the axes: the sum of squares of the coordinates along them, in radii.
      const length = Math.hypot(ax, ay, az);
      const first = [ax / length, ay / length, az / length] as const;
      const flat = Math.hypot(first[0], first[1]) || 1;
      const second = flat < 1e-6 ? ([1, 0, 0] as const) : ([-first[1] / flat, first[0] / flat, 0] as const);
      if (Math.hypot(first[0], first[1]) < 1e-3) return;
      const z = center[2] + share * (solid.top - center[2]);
      for (const [x, y] of outline(solid, z)) {
        const d = [x - center[0], y - center[1], z - center[2]] as const;
        const along = d[0] * first[0] + d[1] * first[1] + d[2] * first[2];
        const across = d[0] * second[0] + d[1] * second[1];
        const rest = Math.max(0, d[0] ** 2 + d[1] ** 2 + d[2] ** 2 - along ** 2 - across ** 2);
        const surface = (along / radii[0]) ** 2 + (across / radii[1]) ** 2 + rest / radii[2] ** 2;
        assert.ok(Math.abs(surface - 1) < 1e-6, `${surface}`);
      }
    }),
    { numRuns: 50 },
  );
});

test("a turned ellipse is the ellipse of the turned points", () => {
  const solid = ellipsoid("muscle", [12, -8, 0], [30, 10, 20], [1, 0.4, 0]);
  const turn = 0.3;
  const result = posed(solid, { scale: [1.2, 0.9, 1], turn, lean: 0 }) as Solid;
  const section = result.sectionAt(5);
  for (const [x, y] of outline(solid, 5)) {
    const [sx, sy] = [1.2 * x, 0.9 * y];
    const [tx, ty] = [Math.cos(turn) * sx - Math.sin(turn) * sy, Math.sin(turn) * sx + Math.cos(turn) * sy];
    assert.ok(Math.abs(radiusInSection(section, tx, ty) - 1) < 1e-9);
  }
});

test("a pose moves tubes as it moves solids", () => {
  const pose = { scale: [1.1, 0.8, 1.3], turn: -0.2, lean: 0.25 } as const;
  const center: Point = [40, -20, 60];
  const ball = posed(ellipsoid("muscle", center, [4, 4, 4]), pose) as Solid;
  const rod = posed(tube("bone", [center, [41, -20, 60]], 2), pose);
  assert.equal(rod.kind, "tube");
  if (rod.kind !== "tube") return;
  const [x, y, z] = rod.points;
  assert.ok(radiusIn(ball, [x!, y!, z!]) < 1e-5);
});

test("a stack passes through its knots, closes at its caps, and keeps mirrored sides apart", () => {
  const solid = stack(
    "lung",
    [
      { z: 0, x: 5, right: 10, left: 20, front: 7, back: 9 },
      { z: 50, right: 4 },
      { z: 100, right: 6 },
    ],
    {},
    { top: 20 },
  );
  assert.deepEqual(
    { ...solid.sectionAt(50) },
    { x: 5, y: 0, right: 4, left: 20, front: 7, back: 9, slope: 0, power: 2 },
  );
  assert.equal(solid.sectionAt(100).left, 0);
  assert.ok(Math.abs(solid.sectionAt(90).left - 20 * Math.sqrt(0.75)) < 1e-9);
  assert.equal(radiusIn(solid, [5, 0, 101]), Number.POSITIVE_INFINITY);
  assert.ok(Math.abs(radiusIn(solid, [1, 0, 50]) - 1) < 1e-9);
  assert.ok(Math.abs(radiusIn(solid, [25, 0, 50]) - 1) < 1e-9);
});

test("a curve passes through its points and never leaves the range of its neighbors", () => {
  const points = [
    [0, 3],
    [1, 3],
    [2, 10],
    [5, 9],
    [6, 0],
  ] as const;
  const at = curve(points);
  for (const [position, value] of points) assert.ok(Math.abs(at(position) - value) < 1e-12);
  for (let i = 0; i < points.length - 1; i++) {
    const [from, to] = [points[i]!, points[i + 1]!];
    for (let t = 0; t <= 1; t += 0.05) {
      const value = at(from[0] + t * (to[0] - from[0]));
      assert.ok(value >= Math.min(from[1], to[1]) - 1e-9 && value <= Math.max(from[1], to[1]) + 1e-9);
    }
  }
});
