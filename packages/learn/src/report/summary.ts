/**
 * Means and ranges over the draws of a study's cells.
 *
 * Units    Dice and IoU 0-1, as in the study. Rounding and percent are the business of whoever prints.
 * Weights  each draw counts once. A cell's own score is already the mean over its test cases.
 * Spread   smallest and largest draw, not a deviation: two or three draws do not carry one.
 */
import type { Study, StudyCell } from "@medssl/contract";

export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** How many numbers it is made of, at least 1. */
  readonly count: number;
}

export interface Summary {
  readonly arm: string;
  readonly fraction: number;
  /** A class, or undefined for the mean over the classes. */
  readonly label: string | undefined;
  readonly dice: Spread;
  readonly iou: Spread;
}

/** The labels used at one fraction: the spread over all arms and draws. */
export interface LabelCount {
  readonly images: Spread;
  readonly patients: Spread;
}

export function spread(values: readonly number[]): Spread {
  const sum = values.reduce((total, value) => total + value, 0);
  return { mean: sum / values.length, min: Math.min(...values), max: Math.max(...values), count: values.length };
}

/** Cells of one arm and fraction, by draw. */
export function cellsAt(study: Study, arm: string, fraction: number): StudyCell[] {
  return study.cells.filter((cell) => cell.arm === arm && cell.fraction === fraction).sort((a, b) => a.draw - b.draw);
}

/** Foreground classes in the order in which the cells list them. */
export function classLabels(study: Study): string[] {
  return [...new Set(study.cells.flatMap((cell) => cell.scores.classes.map((score) => score.label)))];
}

/** Fractions that have at least one cell, smallest first. */
export function measuredFractions(study: Study): number[] {
  return [...new Set(study.cells.map((cell) => cell.fraction))].sort((a, b) => a - b);
}

/** The summary of one arm, fraction and class (undefined: their mean); undefined when no cell of it is finished. */
export function summarize(study: Study, arm: string, fraction: number, label?: string): Summary | undefined {
  const scores = cellsAt(study, arm, fraction).flatMap(({ scores }): readonly { dice: number; iou: number }[] =>
    label === undefined ? [scores] : scores.classes.filter((score) => score.label === label),
  );
  if (scores.length === 0) return undefined;
  return {
    arm,
    fraction,
    label,
    dice: spread(scores.map((score) => score.dice)),
    iou: spread(scores.map((score) => score.iou)),
  };
}

/** Every summary there is: by arm, then fraction, the mean over the classes before the classes. */
export function summaries(study: Study): Summary[] {
  const labels = [undefined, ...classLabels(study)];
  const fractions = measuredFractions(study);
  return study.arms.flatMap((arm) =>
    fractions.flatMap((fraction) => labels.flatMap((label) => summarize(study, arm, fraction, label) ?? [])),
  );
}

export function labelCount(study: Study, fraction: number): LabelCount | undefined {
  const cells = study.cells.filter((cell) => cell.fraction === fraction);
  if (cells.length === 0) return undefined;
  return {
    images: spread(cells.map((cell) => cell.labeledImages)),
    patients: spread(cells.map((cell) => cell.labeledPatients)),
  };
}

/** Whether some arm and fraction has more than one draw. */
export function hasSpread(study: Study): boolean {
  return summaries(study).some(({ dice }) => dice.count > 1);
}

/** Training steps of the cells where all had the same number, else undefined. */
export function stepsOf(study: Study): number | undefined {
  const steps = new Set(study.cells.map((cell) => cell.steps));
  return steps.size === 1 ? study.cells[0]!.steps : undefined;
}
