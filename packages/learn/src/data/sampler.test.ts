import assert from "node:assert/strict";
import { test } from "node:test";
import { Sampler } from "./sampler.ts";

test("an epoch shows every image once, in an order of its own", () => {
  const sampler = new Sampler(10, 3);
  const [first, second] = [sampler.next(10), sampler.next(10)];
  assert.deepEqual(
    first.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.deepEqual(
    second.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.notDeepEqual(first, second);
});

test("a batch larger than the data goes round", () => {
  assert.equal(new Sampler(3, 0).next(8).length, 8);
});

test("a resumed sampler goes on with the very image that was next", () => {
  const sampler = new Sampler(7, 5);
  sampler.next(11);
  const { state } = sampler;
  const expected = sampler.next(20);
  const resumed = new Sampler(7, 99);
  resumed.state = JSON.parse(JSON.stringify(state));
  assert.deepEqual(resumed.next(20), expected);
});

test("groups are drawn by their weights, each in epochs of its own, and resume where they were", () => {
  const groups = [
    { members: [0, 1, 2], weight: 3 },
    { members: [10, 11, 12, 13], weight: 1 },
  ];
  const sampler = new Sampler(groups, 2);
  const drawn = sampler.next(4000);
  const small = drawn.filter((index) => index < 10);
  assert.ok(Math.abs(small.length / 4000 - 0.75) < 0.03, `${small.length}`);
  for (let i = 0; i + 3 <= 30; i += 3) assert.deepEqual(small.slice(i, i + 3).toSorted(), [0, 1, 2]);
  const { state } = sampler;
  const expected = sampler.next(50);
  const resumed = new Sampler(groups, 7);
  resumed.state = JSON.parse(JSON.stringify(state));
  assert.deepEqual(resumed.next(50), expected);
});
