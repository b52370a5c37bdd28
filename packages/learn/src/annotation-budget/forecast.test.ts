import assert from "node:assert/strict";
import { test } from "node:test";
import type { Study, StudyCell } from "@medssl/contract";
import { Random } from "@medssl/datasets";
import { syntheticStudy } from "../report/synthetic-study.ts";
import { forecasts } from "./forecast.ts";
import { errorAt, type PowerLaw } from "./power-law.ts";
import { budgetSentences } from "./sentences.ts";

/** Patients with which the law reaches the Dice: by looking, not by the formula under test. */
function truth(law: PowerLaw, dice: number): number {
  let count = 1;
  while (1 - errorAt(law, count) < dice) count++;
  return count;
}

/** A study whose arms follow laws, its draws off by `noise` of Dice. */
function studyOf(laws: Readonly<Record<string, PowerLaw>>, counts: readonly number[], noise: number, seed = 0): Study {
  const base = syntheticStudy({ arms: Object.keys(laws), fractions: [1], draws: 1 });
  const cells = Object.entries(laws).flatMap(([arm, law], a) =>
    counts.flatMap((count, c) =>
      Array.from({ length: 3 }, (_, draw): StudyCell => {
        const random = new Random(seed, a, c, draw);
        const dice = 1 - errorAt(law, count) + noise * random.normal();
        // Test patients differ, in every cell alike.
        const cases = Array.from({ length: 100 }, (_, i) => {
          const value = dice + 0.02 * new Random(7, i).normal();
          return { case: `t${i}`, patient: `t${i}`, dice: value, iou: value, classes: [] };
        });
        const scores = { dice, iou: dice, classes: [], cases };
        return { ...base.cells[0]!, arm, fraction: count, draw, labeledPatients: count, scores };
      }),
    ),
  );
  return { ...base, arms: Object.keys(laws), cells };
}

const scratch = { floor: 0.04, scale: 0.45, exponent: 0.6 };
const pretrained = { floor: 0.04, scale: 0.2, exponent: 0.6 };
const counts = [6, 12, 25, 50, 100];

test("counts for a wished Dice are the laws', which the interval holds in most of 10 studies", () => {
  let held = 0;
  for (let seed = 0; seed < 10; seed++) {
    const study = studyOf({ scratch }, counts, 0.004, seed);
    const [arm] = forecasts(study, { wishedDice: [0.92] }).arms;
    const { answer } = arm!.targets[0]!;
    assert.equal(answer.kind, "count");
    if (answer.kind !== "count") return;
    const [low, high] = answer.interval;
    assert.ok(low <= answer.count && answer.count <= high);
    const wanted = truth(scratch, 0.92);
    if (low <= wanted && wanted <= high) held++;
    assert.ok(!arm!.check!.isMissed);
  }
  assert.ok(held >= 8, `${held} of 10`);
});

test("without noise the count is exact, and what is missing is beyond what is there", () => {
  const study = studyOf({ scratch, mim: pretrained }, counts, 0);
  const wished = { ...study, split: { ...study.split, trainPatients: 100 } };
  const [one, other] = forecasts(wished, { wishedDice: [0.94] }).arms.map(({ targets }) => targets[0]!);
  assert.deepEqual(one!.answer.kind === "count" && [one!.answer.count, one!.answer.more], [
    truth(scratch, 0.94),
    truth(scratch, 0.94) - 100,
  ]);
  assert.deepEqual(other!.answer.kind === "count" && [other!.answer.count, other!.answer.more], [
    truth(pretrained, 0.94),
    0,
  ]);
  assert.deepEqual(other!.measured, { below: 25, reached: 50 });
});

test("silence where the data carry no forecast", () => {
  const kinds = (study: Study, ...wishedDice: number[]) =>
    forecasts(study, { wishedDice }).arms[0]!.targets.map(({ answer }) => answer.kind);
  const study = studyOf({ scratch }, counts, 0.001);
  assert.deepEqual(kinds(study, 0.7, 0.955, 0.99), ["at most", "more than", "never"]);
  assert.deepEqual(kinds(studyOf({ scratch }, [6, 12, 25], 0.001), 0.9), ["unknown"]);
  const flat = studyOf({ scratch: { floor: 0.1, scale: 0, exponent: 1 } }, counts, 0.003);
  assert.match(forecasts(flat).arms[0]!.why!, /no more than chance/);
  // Four levels of a law, and a fifth that breaks off: what the check is for.
  const broken = studyOf({ scratch }, counts, 0.0005);
  const cells = broken.cells.map((cell) =>
    cell.labeledPatients === 100 ? { ...cell, scores: { ...cell.scores, dice: cell.scores.dice + 0.03 } } : cell,
  );
  const [arm] = forecasts({ ...broken, cells }, { wishedDice: [0.9, 0.97] }).arms;
  assert.ok(arm!.check!.isMissed);
  assert.equal(arm!.targets[1]!.answer.kind, "unknown");
  const falling = studyOf({ scratch }, counts, 0.0005);
  const fallen = falling.cells.map((cell) =>
    cell.labeledPatients === 50 ? { ...cell, scores: { ...cell.scores, dice: 0.5 } } : cell,
  );
  assert.match(forecasts({ ...falling, cells: fallen }).arms[0]!.why!, /falls from/);
});

test("sentences name each arm with its count, and say why there is none", () => {
  const study = studyOf({ scratch, mim: pretrained }, counts, 0);
  const [sentence] = budgetSentences(study, forecasts(study, { wishedDice: [0.92] }));
  assert.match(
    sentence!,
    /^Annotated patients for a Dice of 92\.0%: Scratch about 57 \(\d+\u2013\d+\); MIM about 15 \(\d+\u2013\d+\)\.$/,
  );
  const few = studyOf({ scratch }, [6, 12], 0);
  assert.match(budgetSentences(few, forecasts(few)).join(), /No forecast for Scratch: it needs 4 different numbers/);
});
