import assert from "node:assert/strict";
import { test } from "node:test";
import { scoreCase } from "./overlap.ts";
import { summarizeScores } from "./summarize-scores.ts";

const labels = [
  { value: 1, name: "liver" },
  { value: 2, name: "tumor" },
];
const score = (name: string, truth: number[], prediction: number[]) =>
  scoreCase(
    { case: name, patient: "p", truth: Uint8Array.from(truth), prediction: Uint8Array.from(prediction) },
    labels,
  );

test("Dice and IoU by hand", () => {
  // Liver: truth 3, prediction 2, both 2. Tumour: truth 1, prediction 2, both 1.
  const { dice, iou, classes } = score("a", [1, 1, 1, 2, 0, 0], [1, 1, 0, 2, 2, 0]);
  assert.deepEqual(classes, [
    { label: "liver", dice: 4 / 5, iou: 2 / 3 },
    { label: "tumor", dice: 2 / 3, iou: 1 / 2 },
  ]);
  assert.equal(dice, (4 / 5 + 2 / 3) / 2);
  assert.equal(iou, (2 / 3 + 1 / 2) / 2);
});

test("a class that neither map has is left out; one that only one has scores 0", () => {
  assert.deepEqual(score("none", [1, 0], [1, 0]).classes, [{ label: "liver", dice: 1, iou: 1 }]);
  assert.equal(score("none", [1, 0], [1, 0]).dice, 1);
  assert.deepEqual(score("missed", [1, 2], [1, 1]).classes[1], { label: "tumor", dice: 0, iou: 0 });
  assert.deepEqual(score("invented", [1, 0], [1, 2]).classes[1], { label: "tumor", dice: 0, iou: 0 });
});

test("nothing to find and nothing found is 1", () => {
  assert.deepEqual(score("empty", [0, 0], [0, 0]), { case: "empty", patient: "p", dice: 1, iou: 1, classes: [] });
});

test("means: a class over the cases that have it, the whole over the classes", () => {
  const cases = [
    score("a", [1, 1, 0, 0], [1, 0, 0, 0]),
    score("b", [1, 2, 0, 0], [1, 2, 0, 0]),
    score("c", [1, 1, 0, 0], [1, 1, 0, 0]),
  ];
  const scores = summarizeScores(cases, labels);
  const liver = (2 / 3 + 1 + 1) / 3;
  assert.deepEqual(
    scores.classes.map(({ label, dice }) => [label, dice]),
    [
      ["liver", liver],
      ["tumor", 1],
    ],
  );
  assert.equal(scores.dice, (liver + 1) / 2);
  assert.equal(scores.cases, cases);
});

test("maps of different sizes are a bug", () => {
  assert.throws(() => score("a", [1], [1, 0]), RangeError);
});
