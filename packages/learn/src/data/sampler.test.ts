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
