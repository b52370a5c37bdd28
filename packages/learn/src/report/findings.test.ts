import assert from "node:assert/strict";
import { test } from "node:test";
import type { Study } from "@medssl/contract";
import { findings } from "./findings.ts";
import { syntheticStudy } from "./synthetic-study.ts";

const detail = (study: Study, topic: string) => findings(study).details.find((one) => one.topic === topic)?.text;

/** The study with `points` added to every Dice of one arm. */
function shifted(study: Study, arm: string, points: number): Study {
  const cells = study.cells.map((cell) =>
    cell.arm === arm ? { ...cell, scores: { ...cell.scores, dice: cell.scores.dice + points / 100 } } : cell,
  );
  return { ...study, cells };
}

test("the lead says labels, score, draws and both paired differences", () => {
  // 1%: MIM+ACL 92.61, 93.75; scratch 87.72, 91.67 (+4.89, +2.08); U-Net 91.50, 92.05 (+1.11, +1.70).
  assert.equal(
    findings(syntheticStudy()).lead,
    "With 6 labeled images, MIM+ACL scored a mean Dice of 93.2 over 2 draws: 3.5 points above the same network from " +
      "scratch and 1.4 points above the U-Net.",
  );
  assert.equal(
    detail(syntheticStudy(), "At 1%"),
    "Paired by draw: +2.1 to +4.9 points against Scratch, ahead in 2 of 2 draws; +1.1 to +1.7 points against U-Net, " +
      "ahead in 2 of 2 draws.",
  );
});

test("a loss is said as plainly as a win", () => {
  assert.match(findings(shifted(syntheticStudy(), "unet", 5)).lead, /and 3\.6 points below the U-Net\.$/);
});

test("a small difference is called level, one that changes sides is said to", () => {
  assert.match(
    findings(shifted(syntheticStudy(), "unet", 1)).lead,
    /level with the U-Net \(\+0\.4 points, noise-level\)/,
  );
  // Against scratch + 3 points: +1.89 and -0.92, mean +0.49 is noise; + 2.5 points: +2.39 and -0.42, mean +0.99.
  assert.match(
    findings(shifted(syntheticStudy(), "scratch", 2.5)).lead,
    /1\.0 points above the same network from scratch on average, but not in every draw/,
  );
});

test("a single draw is called one", () => {
  const study = syntheticStudy({ draws: 1, fractions: [1] });
  assert.match(findings(study).lead, /scored a Dice of 92\.6 in a single draw: 4\.9 points above/);
  assert.match(detail(study, "How sure") ?? "", /^One draw of labeled patients/);
});

test("labels saved are claimed only where scratch is matched", () => {
  // 93.18 with 6 images; scratch has 93.29 with all 563.
  assert.match(detail(syntheticStudy(), "Labels saved") ?? "", /6 labeled images .* Scratch with 563 labeled images/);
  assert.equal(detail(shifted(syntheticStudy(), "mim+acl", -4), "Labels saved"), undefined);
});

test("the winner with all labels is named even when it is the baseline", () => {
  assert.equal(
    detail(syntheticStudy(), "Highest"),
    "With 100% of the labels the highest mean is that of U-Net (95.2); next is MIM+ACL (94.8), a noise-level difference.",
  );
});

test("a study at work, or without a pre-trained arm, reports what there is", () => {
  const partial = syntheticStudy({ isFinished: (cell) => cell.arm === "unet" && cell.fraction === 1 });
  assert.equal(findings(partial).lead, "With 6 labeled images, U-Net scored a mean Dice of 91.8 over 2 draws.");
  const supervised = syntheticStudy({ arms: ["unet", "scratch"], fractions: [10] });
  assert.match(findings(supervised).lead, /^With 57 labeled images, U-Net scored a mean Dice of 94\.1 over 2 draws\.$/);
  assert.doesNotMatch(detail({ ...supervised, pretraining: [] }, "How sure") ?? "", /pre-training/);
});
