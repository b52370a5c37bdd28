/**
 * Overlap of predicted and true label maps: Dice and IoU, sensitivity and precision.
 *
 * Shapes   label maps of any shape as bytes, one value a pixel: 0 background, else a label's value.
 * Units    fractions 0-1, higher is better.
 * Empty    as measure-case.ts says, which measures more.
 */
import type { CaseScore, ClassMetrics, ClassScore } from "@medssl/contract";
import type { Label } from "@medssl/datasets";

export interface LabeledCase {
  readonly case: string;
  readonly patient: string;
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
}

/** Dice and IoU alone. @param labels Foreground classes. */
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
    if (inTruth[value]! + inPrediction[value]! === 0) return [];
    const { dice, iou } = overlap(inTruth[value]!, inPrediction[value]!, inBoth[value]!);
    return [{ label, dice, iou }];
  });
  return { case: name, patient, ...meanOverlap(classes), classes };
}

/** From counts of voxels of a class that one map at least has. */
export function overlap(
  inTruth: number,
  inPrediction: number,
  inBoth: number,
): Pick<ClassMetrics, "dice" | "iou" | "sensitivity" | "precision"> {
  return {
    dice: (2 * inBoth) / (inTruth + inPrediction),
    iou: inBoth / (inTruth + inPrediction - inBoth),
    sensitivity: inTruth === 0 ? undefined : inBoth / inTruth,
    precision: inPrediction === 0 ? undefined : inBoth / inPrediction,
  };
}

/** Over classes; 1 without any. */
export function meanOverlap(classes: readonly ClassScore[]): { dice: number; iou: number } {
  const average = (values: readonly number[]) =>
    values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
  return { dice: average(classes.map(({ dice }) => dice)), iou: average(classes.map(({ iou }) => iou)) };
}
