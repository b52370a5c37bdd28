import assert from "node:assert/strict";
import { test } from "node:test";
import type { Study } from "@medssl/contract";
import { findings } from "./findings.ts";
import { shifted, syntheticStudy, withDice, withPatients } from "./synthetic-study.ts";

const detail = (study: Study, topic: string) => findings(study).details.find((one) => one.topic === topic)?.text;

test("the lead says labels, score, draws, and both paired differences with their evidence", () => {
  // 1%: MIM+ACL 92.61, 93.75, 93.20; scratch 89.22, 90.67, 90.10 (+3.39, +3.08, +3.10); U-Net 91.50, 92.05, 92.40.
  assert.match(
    findings(syntheticStudy({ draws: 3 })).lead,
    /^With 6 labeled images, MIM\+ACL scored a mean Dice of 93\.2 over 3 draws: \+3\.2 points over the same network from scratch \(95% interval 2\.\d to 3\.\d, p < 0\.001 after Holm\); \+1\.2 points over the U-Net \(95% interval 0\.\d to 2\.\d, p < 0\.001 after Holm\)\.$/,
  );
  assert.match(
    detail(syntheticStudy({ draws: 3 }), "At 1%") ?? "",
    /^Paired by draw: \+3\.1 to \+3\.4 points against Scratch, ahead in 3 of 3 draws \(rank-biserial correlation 1\.00, d_z \d+\.\d; for other patients and these draws 3\.\d to 3\.\d\); \+0\.8 to \+1\.7 points against U-Net/,
  );
});

test("a loss is said as plainly as a win", () => {
  const study = shifted(syntheticStudy({ draws: 3 }), "unet", 5);
  assert.match(
    findings(study).lead,
    /; \u22123\.8 points against the U-Net \(95% interval \u2212\d\.\d to \u2212\d\.\d, p < 0\.001/,
  );
});

test("a difference that is not clear of chance is never called a gain", () => {
  const level = withDice(syntheticStudy({ draws: 3 }), "unet", 1, [0.9261, 0.9375, 0.932]);
  assert.match(
    findings(level).lead,
    /not clearly different from the U-Net \(0\.0 points, 95% interval \u22120\.\d to 0\.\d, p = /,
  );
  // Every draw is ahead, but two draws of +1.1 and +1.7 points say little of a third.
  assert.match(
    findings(syntheticStudy({ draws: 2 })).lead,
    /not clearly different from the U-Net \(\+1\.4 points, 95% interval \u2212\d.*; for these 2 draws alone 1\.\d to 1\.\d\)/,
  );
});

test("a single draw is called one, and its interval is that of the draw", () => {
  const study = syntheticStudy({ draws: 1, fractions: [1] });
  assert.match(findings(study).lead, /scored a Dice of 92\.6 in a single draw: \+3\.4 points over .* for this draw, p/);
  assert.match(detail(study, "How sure") ?? "", /with one draw nobody knows what another choice/);
});

test("two test patients: nothing can be concluded", () => {
  const { lead, details } = findings(withPatients(syntheticStudy({ draws: 3 }), 2));
  assert.match(
    lead,
    /\+3\.\d points against the same network from scratch; .* With 2 test patients nothing can be concluded/,
  );
  const text = [lead, ...details.map((one) => one.text)].join(" ");
  assert.doesNotMatch(text, /points over|p [<=]/);
  assert.match(
    details.find(({ topic }) => topic === "How sure")?.text ?? "",
    /^With 2 test patients nothing can be concluded/,
  );
});

test("labels saved are claimed only where scratch scored no more", () => {
  // 93.2 with 6 images; scratch has 92.7 with 57 and 93.3 with all.
  const study = syntheticStudy({ draws: 3 });
  assert.match(
    detail(study, "Labels saved") ?? "",
    /^Scratch with 57 labeled images \(92\.8\) scored no more than MIM\+ACL with 6 labeled images \(93\.2\): \+0\.4 points, 95% interval/,
  );
  assert.equal(detail(shifted(study, "mim+acl", -4), "Labels saved"), undefined);
});

test("the winner with all labels is named even when it is the baseline, with how clear it is", () => {
  assert.match(
    detail(syntheticStudy(), "Highest") ?? "",
    /^With 100% of the labels the highest mean is that of U-Net \(95\.2\); next is MIM\+ACL \(94\.8\), 0\.4 points lower \(95% interval 0\.\d to 0\.\d\)\.$/,
  );
});

test("a study at work, or without a pre-trained arm, reports what there is", () => {
  const partial = syntheticStudy({ isFinished: (cell) => cell.arm === "unet" && cell.fraction === 1 });
  assert.equal(findings(partial).lead, "With 6 labeled images, U-Net scored a mean Dice of 91.8 over 2 draws.");
  const supervised = syntheticStudy({ arms: ["unet", "scratch"], fractions: [10] });
  assert.match(findings(supervised).lead, /^With 57 labeled images, U-Net scored a mean Dice of 94\.1 over 2 draws\.$/);
  assert.doesNotMatch(detail({ ...supervised, pretraining: [] }, "How sure") ?? "", /pre-training/);
});
