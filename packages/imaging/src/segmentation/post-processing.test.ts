import assert from "node:assert/strict";
import { test } from "node:test";
import { postProcess } from "./post-processing.ts";

/** A picture of digits; `.` is background. */
function picture(...rows: string[]) {
  const labels = Uint8Array.from(rows.join("").replaceAll(".", "0"), Number);
  return { labels, shape: [1, rows.length, rows[0]!.length] as const };
}

const before = picture(
  "111..22...", //
  "1.1.......",
  "111......2",
  ".....1....",
);

test("the largest part is kept, the small one goes, the hole is filled; each label has its own rule", () => {
  const rules = [
    { value: 1, largest: 1, minimumSize: 0, fillHoles: true },
    { value: 2, largest: null, minimumSize: 2, fillHoles: false },
  ];
  const after = picture(
    "111..22...", //
    "111.......",
    "111.......",
    "..........",
  );
  assert.deepEqual(postProcess(before, rules), after.labels);
  assert.deepEqual(postProcess(before, [{ ...rules[1]!, minimumSize: 1 }]), before.labels);
  // At twice the side a part has four times the pixels.
  assert.deepEqual(postProcess(before, [rules[1]!], 0.5), before.labels);
});

test("of what is too small the largest part stays", () => {
  const rules = [{ value: 2, largest: null, minimumSize: 99, fillHoles: false }];
  const after = picture(
    "111..22...", //
    "1.1.......",
    "111.......",
    ".....1....",
  );
  assert.deepEqual(postProcess(before, rules), after.labels);
});
