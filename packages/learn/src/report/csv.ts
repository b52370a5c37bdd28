/**
 * The numbers of a study as CSV (RFC 4180), for a spreadsheet, R or pandas.
 *
 * Units    Dice and IoU 0-1 with six decimals, fractions in percent, times in seconds.
 * Missing  an empty field: a class that a case does not have.
 */

import type { ClassScore, Study } from "@medssl/contract";
import { csvTable, type Field } from "@medssl/datasets";
import { classLabels, summaries } from "./summary.ts";

/** One row a trained model. */
export function cellsCsv(study: Study): string {
  const labels = classLabels(study);
  return csvTable(
    [
      ..."arm fraction_percent draw labeled_patients labeled_images steps seconds".split(" "),
      ...scoreNames(labels),
      "run",
    ],
    study.cells.map((cell) => [
      ...[
        cell.arm,
        cell.fraction,
        cell.draw,
        cell.labeledPatients,
        cell.labeledImages,
        cell.steps,
        round(cell.seconds),
      ],
      ...scoreFields(cell.scores, labels),
      cell.run,
    ]),
  );
}

/** One row a test case of a trained model. */
export function casesCsv(study: Study): string {
  const labels = classLabels(study);
  return csvTable(
    ["arm", "fraction_percent", "draw", "case", "patient", ...scoreNames(labels)],
    study.cells.flatMap((cell) =>
      cell.scores.cases.map((score) => [
        ...[cell.arm, cell.fraction, cell.draw, score.case, score.patient],
        ...scoreFields(score, labels),
      ]),
    ),
  );
}

/** One row an arm, fraction and class; the class `mean` is the mean over the classes. */
export function summaryCsv(study: Study): string {
  const statistics = "dice_mean dice_min dice_max iou_mean iou_min iou_max".split(" ");
  return csvTable(
    ["arm", "fraction_percent", "class", "draws", ...statistics],
    summaries(study).map(({ arm, fraction, label = "mean", dice, iou }) => [
      ...[arm, fraction, label, dice.count],
      ...[dice.mean, dice.min, dice.max, iou.mean, iou.min, iou.max].map(round),
    ]),
  );
}

function scoreNames(labels: readonly string[]): string[] {
  return ["dice", "iou", ...labels.flatMap((label) => [`dice_${label}`, `iou_${label}`])];
}

function scoreFields(
  score: { readonly dice: number; readonly iou: number; readonly classes: readonly ClassScore[] },
  labels: readonly string[],
): Field[] {
  const classes = labels.map((label) => score.classes.find((other) => other.label === label));
  return [score, ...classes].flatMap((values) => [round(values?.dice), round(values?.iou)]);
}

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(6));
}
