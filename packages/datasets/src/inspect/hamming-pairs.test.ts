import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { affordableDistance, bitCount, visitNearPairs } from "./hamming-pairs.ts";

/** Hashes that differ from a few others in a few bits, as those of pictures do. */
const hashes = fc
  .tuple(
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 5 }),
    fc.infiniteStream(fc.nat(63)),
  )
  .map(([centers, bits]) =>
    Array.from({ length: 60 }, (_, i) => {
      let hash = centers[i % centers.length]!;
      for (let flip = 0; flip < i % 9; flip++) hash ^= 1n << BigInt(bits.next().value!);
      return hash;
    }),
  );

const halves = (list: readonly bigint[]) => ({
  high: Uint32Array.from(list, (hash) => Number(hash >> 32n)),
  low: Uint32Array.from(list, (hash) => Number(hash & 0xffff_ffffn)),
});

test("all pairs within the distance are told, each once, as comparing each with each finds them", () => {
  fc.assert(
    fc.property(hashes, fc.nat(8), (list, distance) => {
      const expected: string[] = [];
      for (let i = 0; i < list.length; i++) {
        for (let j = i + 1; j < list.length; j++) {
          const different = (list[i]! ^ list[j]!).toString(2).replaceAll("0", "").length;
          if (different <= distance) expected.push(`${i} ${j}`);
        }
      }
      const found: string[] = [];
      visitNearPairs(halves(list), distance, (a, b) => found.push(`${Math.min(a, b)} ${Math.max(a, b)}`));
      assert.deepEqual(found.sort(), expected.sort());
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("bits are counted", () => {
  for (const [word, count] of [
    [0, 0],
    [1, 1],
    [-1, 32],
    [0x80000001 | 0, 2],
    [0x0f0f0f0f, 16],
  ] as const) {
    assert.equal(bitCount(word), count);
  }
});

test("where everything looks alike, fewer bits may differ", () => {
  const equal = { high: new Uint32Array(3000), low: new Uint32Array(3000) };
  const spread = {
    high: Uint32Array.from({ length: 3000 }, (_, i) => Math.imul(i, 0x9e3779b1)),
    low: Uint32Array.from({ length: 3000 }, (_, i) => Math.imul(i, 0x85ebca6b)),
  };
  assert.equal(affordableDistance(spread, 1e7), 6);
  assert.equal(affordableDistance(equal, 1e7), 0);
  assert.equal(affordableDistance(equal, 1e9), 6);
  assert.equal(affordableDistance({ high: new Uint32Array(), low: new Uint32Array() }, 1), 6);
});
