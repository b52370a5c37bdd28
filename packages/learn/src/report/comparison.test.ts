import assert from "node:assert/strict";
import { test } from "node:test";
import type { Study } from "@medssl/contract";
import { type Comparison, comparePairs, comparisons, meanInterval, rivalries } from "./comparison.ts";
import { cellsAt } from "./summary.ts";
import { syntheticStudy, withDice, withPatients } from "./synthetic-study.ts";

function find(study: Study, arm: string, reference: string, fraction: number): Comparison | undefined {
  return comparisons(study).find(
    (one) => one.arm.id === arm && one.reference.id === reference && one.fraction === fraction,
  );
}

test("differences are taken within a draw, in points", () => {
  // MIM+ACL 92.61, 93.75, 93.20 minus scratch 89.22, 90.67, 90.10 = 3.39, 3.08, 3.10; mean 9.57 / 3.
  const comparison = find(syntheticStudy({ draws: 3 }), "mim+acl", "scratch", 1);
  assert.deepEqual(
    comparison?.pairs.map(({ draw, points }) => [draw, points.toFixed(2)]),
    [
      [0, "3.39"],
      [1, "3.08"],
      [2, "3.10"],
    ],
  );
  assert.equal(comparison?.points.mean.toFixed(4), "3.1900");
  assert.equal(comparison?.mean.toFixed(4), "3.1900");
  assert.equal(comparison?.won, 3);
  assert.equal(comparison?.verdict, "ahead");
});

test("only draws that both arms have are compared", () => {
  const study = syntheticStudy({ isFinished: (cell) => !(cell.arm === "unet" && cell.draw === 1) });
  const comparison = find(study, "mim+acl", "unet", 1);
  assert.deepEqual(
    comparison?.pairs.map(({ draw }) => draw),
    [0],
  );
  assert.equal(comparison?.points.mean.toFixed(2), "1.11");
});

test("arms without a common draw are not compared", () => {
  const study = syntheticStudy({ isFinished: (cell) => (cell.arm === "unet" ? cell.draw === 0 : cell.draw === 1) });
  assert.equal(find(study, "mim+acl", "unet", 1), undefined);
  assert.notEqual(find(study, "mim+acl", "scratch", 1), undefined);
});

test("a verdict needs an interval without zero and a p below 0.05 after Holm", () => {
  const study = syntheticStudy({ draws: 3 }); // scratch at 1%: 89.22, 90.67, 90.10
  const verdict = (dice: readonly number[]) => find(withDice(study, "mim", 1, dice), "mim", "scratch", 1)?.verdict;
  assert.equal(verdict([0.9122, 0.9267, 0.921]), "ahead");
  assert.equal(verdict([0.8722, 0.8867, 0.881]), "behind");
  // The same for all patients, but by luck of the draw: +4, +0.5 and +1.5 points.
  assert.equal(verdict([0.9322, 0.9117, 0.916]), "open");
  assert.equal(verdict([0.8922, 0.9067, 0.901]), "open");
});

test("more comparisons make p larger, never smaller", () => {
  const all = comparisons(syntheticStudy({ draws: 3 }));
  assert.ok(all.length > 10);
  for (const { p, corrected } of all) assert.ok(corrected >= p && corrected <= 1, `${p} ${corrected}`);
  const least = all.toSorted((a, b) => a.p - b.p)[0]!;
  assert.equal(least.corrected, Math.min(1, least.p * all.length));
});

test("with few test patients there is no verdict, however large the difference", () => {
  const study = withPatients(syntheticStudy({ draws: 3 }), 5);
  const comparison = find(study, "mim+acl", "scratch", 1);
  assert.equal(comparison?.patients, 5);
  assert.equal(comparison?.verdict, "few");
  assert.notEqual(find(withPatients(syntheticStudy({ draws: 3 }), 6), "mim+acl", "scratch", 1)?.verdict, "few");
});

test("several images of a patient are one patient, not so many", () => {
  const study = syntheticStudy({ draws: 1 });
  const pairs = cellsAt(study, "mim+acl", 1).map((cell) => [cell, cellsAt(study, "scratch", 1)[0]!] as const);
  const twice = pairs.map(([cell, reference]) => {
    const doubled = (one: typeof cell) => ({
      ...one,
      scores: {
        ...one.scores,
        cases: one.scores.cases.flatMap((score) => [score, { ...score, case: `${score.case}b` }]),
      },
    });
    return [doubled(cell), doubled(reference)] as const;
  });
  const [once, again] = [comparePairs(pairs), comparePairs(twice)];
  assert.equal(again?.cases, 48);
  assert.deepEqual({ ...again, cases: 24, mean: 0 }, { ...once, mean: 0 });
});

test("cases without a score of a class are left out, as are those that one arm alone has", () => {
  const [cell] = cellsAt(syntheticStudy({ labels: ["liver", "tumor"] }), "mim", 1);
  const cases = cell!.scores.cases.map((one, i) => (i < 4 ? { ...one, classes: one.classes.slice(0, 1) } : one));
  const other = { ...cell!, scores: { ...cell!.scores, cases: cases.slice(1) } };
  assert.equal(comparePairs([[cell!, other]])?.patients, 23);
  assert.equal(comparePairs([[cell!, other]], "tumor")?.patients, 20);
  assert.equal(comparePairs([[cell!, other]], "spleen"), undefined);
});

test("an arm's interval holds its mean and stays within 0 and 1", () => {
  const study = syntheticStudy();
  const { low, high } = meanInterval(study, "scratch", 1)!;
  assert.ok(low < 0.8995 && high > 0.8995 && high <= 1 && low >= 0);
  assert.equal(meanInterval(study, "mim@vit", 1), undefined);
});

test("a tie is not won", () => {
  const base = syntheticStudy();
  const twin = base.cells.find(({ arm, fraction, draw }) => arm === "scratch" && fraction === 1 && draw === 0)!;
  const cells = base.cells.map((cell) =>
    cell.arm === "mim" && cell.fraction === 1 && cell.draw === 0 ? { ...cell, scores: twin.scores } : cell,
  );
  const study = { ...base, cells };
  assert.equal(find(study, "mim", "scratch", 1)?.won, 1);
});

test("who is compared with whom", () => {
  const pairs = (arms: readonly string[]) =>
    rivalries(syntheticStudy({ arms })).map(({ arm, reference }) => `${arm.id} - ${reference.id}`);
  assert.deepEqual(pairs(["unet", "scratch", "mim", "mim+acl"]), [
    "mim - scratch",
    "mim+acl - scratch",
    "scratch - unet",
    "mim - unet",
    "mim+acl - unet",
    "mim+acl - mim",
  ]);
  // Another head is measured against its own scratch, the U-Net, and the same method with the study's head.
  assert.deepEqual(pairs(["unet", "scratch", "mim+acl", "scratch@hybrid", "mim+acl@hybrid"]), [
    "mim+acl - scratch",
    "mim+acl@hybrid - scratch@hybrid",
    "scratch - unet",
    "mim+acl - unet",
    "scratch@hybrid - unet",
    "mim+acl@hybrid - unet",
    "scratch@hybrid - scratch",
    "mim+acl@hybrid - mim+acl",
  ]);
});
