import assert from "node:assert/strict";
import { test } from "node:test";
import { keepWhatHelps, rulesOfMasks } from "./learn-post-processing.ts";

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

const labels = [{ value: 1 }, { value: 2 }, { value: 3 }];

test("masks say how many parts there are, how small they are, and whether holes occur", () => {
  const masks = [before, picture("1111", "1111"), picture("11.2"), picture("2..1")];
  assert.deepEqual(rulesOfMasks(masks, labels), [
    { value: 1, largest: 2, minimumSize: 1, fillHoles: false },
    { value: 2, largest: 2, minimumSize: 1, fillHoles: true },
  ]);
  // Two masks of a lesion do not say that the next patient has one.
  assert.deepEqual(rulesOfMasks(masks.slice(2), labels)[1], {
    value: 2,
    largest: null,
    minimumSize: 1,
    fillHoles: false,
  });
});

test("more parts than a function takes arguments", () => {
  const [height, width] = [600, 1200];
  const dots = Uint8Array.from({ length: height * width }, (_, i) =>
    (i % 2) + (Math.floor(i / width) % 2) === 0 ? 1 : 0,
  );
  const [rule] = rulesOfMasks([{ labels: dots, shape: [1, height, width] }], [{ value: 1 }]);
  assert.deepEqual([rule!.largest, rule!.minimumSize], [null, 1]);
});

test("a rule that lowers the Dice on validation patients goes", () => {
  const rules = [{ value: 1, largest: 1, minimumSize: 1, fillHoles: true }];
  const truth = picture("111.1", "111.1", "111.1");
  const prediction = picture("111.1", "1.1.1", "111.1").labels;
  // The truth has a second part, and no hole.
  assert.deepEqual(keepWhatHelps(rules, [{ ...truth, prediction }]), [
    { value: 1, largest: null, minimumSize: 1, fillHoles: true },
  ]);
  assert.deepEqual(keepWhatHelps(rules, []), rules);
});
