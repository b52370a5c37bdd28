import assert from "node:assert/strict";
import { test } from "node:test";
import { attenuation, castRays, type Film } from "./projection.ts";
import { addBones, addRods } from "./rods.ts";
import { ellipsoid, stack, tube } from "./solids.ts";

const film: Film = { size: 64, pitch: 1, x: 0, z: 0 };

/** Position of a pixel on the film. */
const at = (pixel: number) => ({ x: (pixel % 64) - 31.5, z: 31.5 - Math.floor(pixel / 64) });

test("a ray through a ball attenuates by the ball's chord", () => {
  const ball = ellipsoid("muscle", [0, 9, 0], [20, 20, 20]);
  const { depth } = castRays([{ solid: ball, role: "body" }], film, 1);
  for (let pixel = 0; pixel < depth.length; pixel++) {
    const { x, z } = at(pixel);
    const chord = 2 * Math.sqrt(Math.max(0, 400 - x * x - z * z));
    assert.ok(Math.abs(depth[pixel]! - attenuation.muscle * chord) < 0.004, `${depth[pixel]} at ${x}, ${z}`);
  }
});

test("the later part displaces the earlier; lung and core are told apart", () => {
  const body = stack("fat", [{ z: -40, right: 30, left: 30, front: 25, back: 25 }, { z: 40 }]);
  const lung = stack("lung", [{ z: -40, right: 15, left: 15, front: 15, back: 15 }, { z: 40 }]);
  const heart = stack("blood", [{ z: -40, y: 10, right: 5, left: 5, front: 5, back: 20 }, { z: 40 }]);
  const projection = castRays(
    [
      { solid: body, role: "body" },
      { solid: lung, role: "lung" },
      { solid: heart, role: "core" },
    ],
    { ...film, x: 0.5 },
    2,
  );
  const middle = 32 * 64 + 31;
  // Along y: fat -25..-15, lung -15..5, blood 5..30.
  const expected = 10 * attenuation.fat + 20 * 2 * attenuation.lung + 25 * attenuation.blood;
  assert.ok(Math.abs(projection.depth[middle]! - expected) < 1e-5);
  assert.ok(Math.abs(projection.lung[middle]! - 20) < 1e-4);
  assert.ok(Math.abs(projection.core[middle]! - 25) < 1e-4);
});

test("organs of the belly end where the diaphragm ends", () => {
  const dome = stack("muscle", [{ z: -40, right: 30, left: 30, front: 10, back: 10 }, { z: 0 }]);
  const spleen = ellipsoid("air", [0, 0, 0], [10, 20, 15], [1, 0, 0], { cavity: "inside" });
  const { depth } = castRays(
    [
      { solid: dome, role: "diaphragm" },
      { solid: spleen, role: "body" },
    ],
    film,
    1,
  );
  assert.ok(depth.subarray(0, 32 * 64).every((value) => value === 0));
  assert.equal(depth[40 * 64 + 32], 0);
  assert.ok(depth[40 * 64 + 10]! > 0.25);
});

test("a rod adds its volume, whichever way it runs", () => {
  const expected = Math.PI * 3 ** 2 * 30 * 0.01;
  for (const end of [
    [30, 0, 0],
    [0, 30, 0],
    [18, 0, 24],
  ] as const) {
    const depth = new Float32Array(64 * 64);
    addRods(depth, [tube("blood", [[0, 0, 0], end], 3)], film, 0.01);
    const sum = depth.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(sum / expected - 1) < 0.05, `${sum} against ${expected}`);
  }
});

test("a bone's shell is denser than its core", () => {
  const depth = new Float32Array(64 * 64);
  addBones(
    depth,
    [
      tube(
        "bone",
        [
          [-20, 0, 0],
          [20, 0, 0],
        ],
        8,
        8,
        { cortex: 2 },
      ),
    ],
    film,
    1,
  );
  const edge = depth[(32 + 6) * 64 + 32]!;
  assert.ok(edge > depth[32 * 64 + 32]!);
  assert.ok(depth[32 * 64 + 32]! > 0);
});
