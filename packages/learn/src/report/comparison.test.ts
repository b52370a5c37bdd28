import assert from "node:assert/strict";
import { test } from "node:test";
import type { Study } from "@medssl/contract";
import { type Comparison, comparisons, isNoise, rivalries } from "./comparison.ts";
import { syntheticStudy } from "./synthetic-study.ts";

function find(study: Study, arm: string, reference: string, fraction: number): Comparison | undefined {
  return comparisons(study).find(
    (one) => one.arm.id === arm && one.reference.id === reference && one.fraction === fraction,
  );
}

/** The study with other Dice for one arm at 1%, by draw. */
function withDice(study: Study, arm: string, dice: readonly number[]): Study {
  const cells = study.cells.map((cell) =>
    cell.arm === arm && cell.fraction === 1 ? { ...cell, scores: { ...cell.scores, dice: dice[cell.draw]! } } : cell,
  );
  return { ...study, cells };
}

test("differences are taken within a draw, in points", () => {
  // MIM+ACL 92.61, 93.75, 93.20 minus scratch 87.72, 91.67, 90.10 = 4.89, 2.08, 3.10; mean 10.07 / 3.
  const comparison = find(syntheticStudy({ draws: 3 }), "mim+acl", "scratch", 1);
  assert.deepEqual(
    comparison?.pairs.map(({ draw, points }) => [draw, points.toFixed(2)]),
    [
      [0, "4.89"],
      [1, "2.08"],
      [2, "3.10"],
    ],
  );
  assert.equal(comparison?.points.mean.toFixed(4), "3.3567");
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

test("a verdict needs a difference beyond noise and every draw on one side", () => {
  const study = syntheticStudy(); // scratch at 1%: 87.72 and 91.67
  const verdict = (dice: readonly number[]) => find(withDice(study, "mim", dice), "mim", "scratch", 1)?.verdict;
  assert.equal(verdict([0.8872, 0.9267]), "ahead");
  assert.equal(verdict([0.8672, 0.9067]), "behind");
  assert.equal(verdict([0.8822, 0.9217]), "noise");
  assert.equal(verdict([0.9172, 0.9117]), "mixed");
});

test("noise is judged as printed", () => {
  assert.equal(isNoise(0.64), true);
  assert.equal(isNoise(-0.66), false); // printed as 0.7
});

test("a tie is not won", () => {
  const study = withDice(syntheticStudy(), "mim", [0.8772, 0.9267]);
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
