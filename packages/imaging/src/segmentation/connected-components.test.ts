import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Vec3 } from "../scan.ts";
import { findComponents, findHoles } from "./connected-components.ts";

interface Case {
  readonly shape: Vec3;
  readonly seed: number;
  readonly background: number;
  readonly sizes: Readonly<Record<string, readonly number[]>>;
  readonly backgroundSizes: readonly number[];
  readonly holeVoxels: number;
}

/** As in make-components.py. */
function labelMap([depth, height, width]: Vec3, seed: number, background: number): Uint8Array {
  return Uint8Array.from({ length: depth * height * width }, (_, i) => {
    let h = (i + seed * 65537) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
    const value = h % 100;
    return value < background ? 0 : 1 + (value % 2);
  });
}

test("parts and holes are SciPy's on random label maps", () => {
  const cases: Case[] = JSON.parse(readFileSync(new URL("fixtures/components.json", import.meta.url), "utf8"));
  for (const { shape, seed, background, sizes, backgroundSizes, holeVoxels } of cases) {
    const what = `${shape}, ${background}%`;
    const labels = labelMap(shape, seed, background);
    const found = findComponents({ labels, shape }, "structures");
    const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
    for (const value of [1, 2]) {
      const own = found.sizes.filter((_, part) => found.values[part] === value);
      assert.deepEqual(sorted(own), sizes[value], `${what}: parts of ${value}`);
    }
    assert.deepEqual(sorted(findComponents({ labels, shape }, "background").sizes), backgroundSizes, what);
    const alone = labels.map((value) => (value === 1 ? 1 : 0));
    const holes = findHoles({ labels: alone, shape });
    assert.equal(
      holes.reduce((sum, { size }) => sum + size, 0),
      holeVoxels,
      `${what}: holes`,
    );
  }
});

test("what two structures enclose together is no hole of either", () => {
  const labels = Uint8Array.from([1, 1, 2, 1, 0, 2, 1, 1, 2]);
  assert.deepEqual(findHoles({ labels, shape: [1, 3, 3] }), []);
});
