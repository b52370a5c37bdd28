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

/** A label of two blocks of 20 x 20 pixels, with dots beside them and holes of one pixel in the first. */
function twoBlocks(numDots: number, numHoles = 0, dot = 1) {
  const [height, width] = [30, 60];
  const labels = new Uint8Array(height * width);
  for (let y = 0; y < 20; y++) for (const x of [0, 30]) labels.fill(1, y * width + x, y * width + x + 20);
  for (let i = 0; i < numDots; i++) labels.fill(1, 25 * width + 4 * i, 25 * width + 4 * i + dot);
  for (let i = 0; i < numHoles; i++) labels[width * (2 + 2 * i) + 10] = 0;
  return { labels, shape: [1, height, width] as const };
}

test("specks and holes of a few pixels say nothing; neither does one mask in twenty", () => {
  const clean = { value: 1, largest: 2, minimumSize: 40, fillHoles: true };
  const rule = (masks: ReturnType<typeof twoBlocks>[]) => rulesOfMasks(masks, [{ value: 1 }])[0];
  // 3 of 800 pixels.
  assert.deepEqual(rule(Array(3).fill(twoBlocks(3, 3))), clean);
  const [plain, third, torn] = [twoBlocks(0), twoBlocks(1, 0, 6), twoBlocks(0)];
  torn.labels.fill(0, 5 * 60 + 5, 5 * 60 + 10);
  assert.deepEqual(rule([...Array(19).fill(plain), third]), clean, "1 of 20");
  assert.deepEqual(rule([...Array(19).fill(plain), torn]), clean, "1 of 20");
  assert.deepEqual(rule([...Array(18).fill(plain), third]), { ...clean, largest: 3, minimumSize: 1 }, "1 of 19");
  assert.deepEqual(rule([...Array(18).fill(plain), torn]), { ...clean, fillHoles: false }, "1 of 19");
});

test("many small parts are vessels, of which none is a speck", () => {
  // Each dot is an eighth of a percent of the label, all of them are 1.2 percent.
  assert.deepEqual(rulesOfMasks(Array(20).fill(twoBlocks(10)), [{ value: 1 }]), [
    { value: 1, largest: null, minimumSize: 1, fillHoles: true },
  ]);
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
