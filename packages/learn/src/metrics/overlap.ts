/**
 * Overlap of predicted and true label maps: Dice and IoU.
 *
 * Shapes   label maps of any shape as bytes, one value a pixel: 0 background, else a label's value.
 * Units    fractions 0-1, higher is better.
 * Empty    a class that neither map has says nothing about the case and is left out of it (it is no free 1). A class
 *          that only one map has: 0. A case with no class left: 1, as there was nothing to find and nothing was found.
 * Means    a class: over the cases that have it. The whole: over the classes, so that a rare class counts like any other.
 */
import type { CaseScore, ClassScore, Scores } from "@medssl/contract";
import type { Label } from "@medssl/datasets";

export interface LabeledCase {
  readonly case: string;
  readonly patient: string;
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
}

/** @param labels Foreground classes. */
export function scoreCase(
  { case: name, patient, truth, prediction }: LabeledCase,
  labels: readonly Label[],
): CaseScore {
  if (truth.length !== prediction.length) {
    throw new RangeError(`scoreCase: truth has ${truth.length} pixels, prediction ${prediction.length}`);
  }
  const inTruth = new Float64Array(256);
  const inPrediction = new Float64Array(256);
  const inBoth = new Float64Array(256);
  for (let i = 0; i < truth.length; i++) {
    const value = truth[i]!;
    inTruth[value]!++;
    inPrediction[prediction[i]!]!++;
    if (value === prediction[i]) inBoth[value]!++;
  }
  const classes = labels.flatMap(({ name: label, value }): ClassScore[] => {
    const sum = inTruth[value]! + inPrediction[value]!;
    const both = inBoth[value]!;
    return sum === 0 ? [] : [{ label, dice: (2 * both) / sum, iou: both / (sum - both) }];
  });
  return { case: name, patient, ...overall(classes), classes };
}

/** Means over cases. */
export function summarizeScores(cases: readonly CaseScore[], labels: readonly Label[]): Scores {
  const classes = labels.flatMap(({ name: label }): ClassScore[] => {
    const scores = cases.flatMap((score) => score.classes.filter((one) => one.label === label));
    return scores.length === 0 ? [] : [{ label, ...overall(scores) }];
  });
  return { ...overall(classes), classes, cases };
}

function overall(classes: readonly ClassScore[]): { dice: number; iou: number } {
  const average = (values: readonly number[]) =>
    values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
  return { dice: average(classes.map(({ dice }) => dice)), iou: average(classes.map(({ iou }) => iou)) };
}
