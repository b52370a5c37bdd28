import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, scope } from "@medssl/torch";
import { Draws } from "../augment/draws.ts";
import { drawKeepIndices, keptCount, type Masking, removedFrom } from "./masking.ts";

const random: Masking = { maskRatio: 0.75, maskStrategy: "random", maskBlockSize: 2 };

test("masks keep a quarter of the patches, others for every sample, each patch as often as any", () => {
  manualSeed(0);
  scope(() => {
    const keep = drawKeepIndices(new Draws(400, "cpu"), [8, 8], random).toNested() as number[][];
    assert.ok(keep.every((indices) => new Set(indices).size === 16 && indices.every((i) => i >= 0 && i < 64)));
    assert.equal(new Set(keep.map((indices) => indices.toSorted().join())).size, 400);
    const counts = new Array<number>(64).fill(0);
    for (const i of keep.flat()) counts[i]!++;
    assert.ok(Math.min(...counts) > 60 && Math.max(...counts) < 145, `${counts}`); // 100 each, deviation 8.7
  });
});

test("blocks are kept and removed as wholes", () => {
  manualSeed(1);
  scope(() => {
    const keep = drawKeepIndices(new Draws(200, "cpu"), [8, 8], {
      ...random,
      maskStrategy: "block",
    }).toNested() as number[][];
    const blocks = (indices: number[]) => new Set(indices.map((i) => `${i >> 4},${(i % 8) >> 1}`));
    assert.ok(keep.every((indices) => new Set(indices).size === 16 && blocks(indices).size === 4));
    assert.ok(new Set(keep.map((indices) => indices.toSorted().join())).size > 150);
  });
});

test("blocks that a grid cuts off are filled up to the count", () => {
  manualSeed(2);
  scope(() => {
    const masking = { maskRatio: 0.6, maskStrategy: "block", maskBlockSize: 4 } as const;
    const keep = drawKeepIndices(new Draws(20, "cpu"), [6, 7], masking);
    assert.deepEqual(keep.shape, [20, 17]);
    const removed = removedFrom(keep, 42).toNested() as number[][];
    for (const [i, kept] of (keep.toNested() as number[][]).entries()) {
      assert.deepEqual(
        [...kept, ...removed[i]!].toSorted((a, b) => a - b),
        Array.from({ length: 42 }, (_, j) => j),
      );
    }
  });
});

test("a mask leaves at least one patch to see and one to paint", () => {
  for (const ratio of [0, 0.01, 0.5, 0.99, 1]) {
    const kept = keptCount(16, ratio);
    assert.ok(kept >= 1 && kept <= 15, `${ratio}: ${kept}`);
  }
});
