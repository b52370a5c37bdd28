import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "./random.ts";

test("xoshiro128** gives the published sequence from state 1, 2, 3, 4", () => {
  const random = new Random(0);
  random.state = [1, 2, 3, 4];
  const sequence = Array.from({ length: 8 }, () => random.uint32());
  // What the authors' xoshiro128starstar.c prints from this state.
  assert.deepEqual(sequence, [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]);
});

test("equal seeds give equal streams, other seeds and further seeds other ones", () => {
  const first = (...seeds: number[]) => {
    const random = new Random(...seeds);
    return Array.from({ length: 4 }, () => random.uint32()).join();
  };
  assert.equal(first(7, 1), first(7, 1));
  const streams = [first(7), first(8), first(7, 0), first(7, 1), first(1, 7), first(0.5), first(-7), first(2 ** 40)];
  assert.equal(new Set(streams).size, streams.length);
});

test("state set back repeats the stream", () => {
  const random = new Random(3);
  random.next();
  const state = random.state;
  const expected = [random.next(), random.normal(), random.integer(100)];
  random.state = state;
  assert.deepEqual([random.next(), random.normal(), random.integer(100)], expected);
});

test("numbers have the moments of their distributions", () => {
  const random = new Random(5);
  const count = 40_000;
  const moments = (draw: () => number) => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < count; i++) {
      const value = draw();
      sum += value;
      squares += value * value;
    }
    return [sum / count, squares / count - (sum / count) ** 2] as const;
  };
  const [uniformMean, uniformVariance] = moments(() => random.next());
  assert.ok(Math.abs(uniformMean - 0.5) < 0.01 && Math.abs(uniformVariance - 1 / 12) < 0.003);
  const [normalMean, normalVariance] = moments(() => random.normal());
  assert.ok(Math.abs(normalMean) < 0.02 && Math.abs(normalVariance - 1) < 0.03);
});

test("integer covers its range evenly and shuffle keeps every item", () => {
  const random = new Random(11);
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 6000; i++) counts[random.integer(6)]! += 1;
  assert.ok(Math.min(...counts) > 850 && Math.max(...counts) < 1150, counts.join());
  const items = Array.from({ length: 50 }, (_, i) => i);
  const shuffled = random.shuffle([...items]);
  assert.notDeepEqual(shuffled, items);
  assert.deepEqual(
    shuffled.toSorted((a, b) => a - b),
    items,
  );
});
