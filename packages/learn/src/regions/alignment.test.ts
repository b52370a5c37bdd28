import assert from "node:assert/strict";
import { test } from "node:test";
import { alignPlace, composeAlignments, fitAlignment, type Match } from "./alignment.ts";

const truth = { x: { scale: 1.2, shift: -0.07 }, y: { scale: 0.9, shift: 0.04 } };
const places = Array.from({ length: 36 }, (_, i) => ({ x: 0.1 + 0.16 * (i % 6), y: 0.1 + 0.16 * Math.floor(i / 6) }));

test("scale and shift are found, and some matches that are far off move them little", () => {
  const matches: Match[] = places.map((query, i) => {
    const target = alignPlace(truth, query);
    return { query, target: i % 7 === 3 ? { x: target.x + 0.4, y: target.y - 0.3 } : target };
  });
  const found = fitAlignment(matches);
  for (const axis of ["x", "y"] as const) {
    for (const part of ["scale", "shift"] as const) {
      assert.ok(Math.abs(found[axis][part] - truth[axis][part]) < 0.01, `${axis} ${part}: ${found[axis][part]}`);
    }
  }
});

test("two alignments in a row are one", () => {
  const inner = { x: { scale: 0.8, shift: 0.1 }, y: { scale: 1.1, shift: -0.2 } };
  const both = composeAlignments(truth, inner);
  for (const place of places) {
    const [one, two] = [alignPlace(both, place), alignPlace(truth, alignPlace(inner, place))];
    assert.ok(Math.hypot(one.x - two.x, one.y - two.y) < 1e-12);
  }
});
