import assert from "node:assert/strict";
import { test } from "node:test";
import { countLabels } from "./count-labels.ts";

test("areas, single pixels and views that begin and end anywhere", () => {
  const all = Uint8Array.from(
    { length: 203 },
    (_, i) => [0, 0, 255, 7][Math.floor(i / 9) % 4]! + Number(i % 31 === 30),
  );
  for (const [from, end] of [
    [0, 203],
    [1, 203],
    [3, 100],
    [6, 7],
    [5, 5],
  ] as const) {
    const labels = all.subarray(from, end);
    const expected = Array.from({ length: 256 }, (_, label) => labels.filter((one) => one === label).length);
    assert.deepEqual([...countLabels(labels)], expected, `${from} to ${end}`);
  }
});
