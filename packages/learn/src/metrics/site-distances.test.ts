import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "@medssl/datasets";
import type { Vec3 } from "@medssl/imaging";
import { SiteDistances } from "./site-distances.ts";

/** All pairs. */
function slowly(from: Int32Array, sites: Int32Array, [, height, width]: Vec3, spacing: Vec3): number[] {
  const place = (i: number) => [Math.floor(i / width / height), Math.floor(i / width) % height, i % width];
  return Array.from(from, (i) =>
    Math.min(
      ...Array.from(sites, (site) =>
        Math.hypot(...place(i).map((at, axis) => (at - place(site)[axis]!) * spacing[axis]!)),
      ),
    ),
  );
}

const spacing: Vec3 = [2.5, 0.7, 0.9];
const shapes: readonly Vec3[] = [
  [11, 13, 17],
  [1, 30, 25],
  [40, 9, 5],
];

for (const shape of shapes) {
  for (const numSites of [1, 4, 150]) {
    // With few rows looked at, most voxels take the transform of the whole volume.
    for (const maxRows of [1, 12, 1024]) {
      test(`${shape.join("x")}, ${numSites} sites, ${maxRows} rows: as from all pairs`, () => {
        const random = new Random(numSites);
        const size = shape[0] * shape[1] * shape[2];
        const some = (count: number) =>
          Int32Array.from(new Set(Array.from({ length: count }, () => Math.floor(size * random.next())))).sort();
        const [from, sites] = [some(200), some(numSites)];
        const expected = slowly(from, sites, shape, spacing);
        const found = new SiteDistances(shape, spacing, maxRows).distances(from, sites);
        for (const [n, value] of found.entries())
          assert.ok(Math.abs(value - expected[n]!) < 1e-5, `${n}: ${value}, ${expected[n]}`);
      });
    }
  }
}

test("many voxels far from every site: looking around is given up, the distances are the same", () => {
  const shape: Vec3 = [15, 20, 18];
  const from = Int32Array.from({ length: 15 * 20 * 18 }, (_, i) => i);
  const sites = Int32Array.from([700, 701, 5000]);
  const expected = slowly(from, sites, shape, spacing);
  const found = new SiteDistances(shape, spacing, 20).distances(from, sites);
  for (const [n, value] of found.entries()) assert.ok(Math.abs(value - expected[n]!) < 1e-5, `${n}: ${value}`);
});
