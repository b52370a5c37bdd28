import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "@medssl/datasets";
import { choose } from "./choose.ts";
import { cluster, type Vectors } from "./clusters.ts";

/** Points in the plane around three middles, 30, 20 and 10 of them, then one far away from all. */
const middles = [
  [0, 0, 30],
  [10, 0, 20],
  [0, 10, 10],
] as const;
const random = new Random(5);
const points = [
  ...middles.flatMap(([x, y, count]) =>
    Array.from({ length: count }, () => [x + 0.8 * random.normal(), y + 0.8 * random.normal()]),
  ),
  [-4, 4],
];
const vectors: Vectors = { values: Float32Array.from(points.flat()), size: 2 };
const blobOf = (index: number) => (index < 30 ? 0 : index < 50 ? 1 : 2);
const groups = points.map((_, i) => `p${i}`);
const options = { groups, annotated: [], random: new Random(0) };

test("clusters are the blobs, whatever the seed", () => {
  for (let seed = 0; seed < 10; seed++) {
    const clusterOf = cluster(vectors, 3, new Random(seed));
    const clusters = [0, 1, 2].map((blob) => new Set([...clusterOf.slice(0, 60)].filter((_, i) => blobOf(i) === blob)));
    assert.deepEqual(
      clusters.map(({ size }) => size),
      [1, 1, 1],
    );
    assert.equal(new Set(clusters.flatMap((one) => [...one])).size, 3);
  }
});

test("one of each kind is chosen, the largest first, near its middle; never the outlier", () => {
  const choices = choose(vectors, { ...options, count: 3 });
  assert.deepEqual(
    choices.map(({ index }) => blobOf(index)),
    [0, 1, 2],
  );
  for (const { index, standsFor } of choices) {
    const [x, y] = middles[blobOf(index)]!;
    assert.ok(Math.hypot(points[index]![0]! - x, points[index]![1]! - y) < 0.8);
    assert.equal(standsFor[0], index);
    assert.ok(standsFor.length >= 10);
  }
});

test("kinds with annotated members come last, and annotated ones never", () => {
  // Blob 0 is annotated at two places; the next two are for the others.
  const annotated = [0, 1];
  const choices = choose(vectors, { ...options, annotated, count: 2 });
  assert.deepEqual(new Set(choices.map(({ index }) => blobOf(index))), new Set([1, 2]));
  const all = choose(vectors, { ...options, annotated, count: points.length });
  assert.equal(all.length, points.length - 2);
  assert.ok(all.every(({ index }) => !annotated.includes(index)));
});

test("a patient is chosen twice only when no other is left", () => {
  const patients = points.map((_, i) => `p${i % 4}`);
  const choices = choose(vectors, { ...options, groups: patients, count: 6 });
  const first = choices.slice(0, 4).map(({ index }) => patients[index]);
  assert.equal(new Set(first).size, 4);
  assert.equal(choices.length, 6);
});

test("with a model the most uncertain of different kinds are chosen", () => {
  // Five of each blob are uncertain.
  const uncertainty = points.map((_, i) =>
    [0, 30, 50].some((first) => i >= first && i < first + 5) ? 0.5 + i / 1000 : 0.1,
  );
  const choices = choose(vectors, { ...options, uncertainty, count: 3 });
  assert.ok(choices.every(({ index }) => uncertainty[index]! >= 0.5));
  assert.equal(new Set(choices.map(({ index }) => blobOf(index))).size, 3);
});

test("equal images are no obstacle", () => {
  const equal = { values: new Float32Array(20), size: 2 };
  assert.equal(choose(equal, { ...options, count: 4 }).length, 4);
});
