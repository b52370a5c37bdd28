/** Scores as a table for a program: a row for each class of each case. Absent numbers are empty. */
import type { Scores } from "@medssl/contract";
import { csvTable } from "@medssl/datasets";
import { METRICS } from "../metrics/summarize-scores.ts";

export function scoresCsv({ cases }: Scores): string {
  const counted = ["truthVoxels", "predictionVoxels", "bothVoxels"];
  const lesions = ["numLesions", "numFoundLesions", "numPredictedLesions", "numFalseLesions"] as const;
  const rows = cases.flatMap(({ case: name, patient, classes }) =>
    classes.map((score) => [
      name,
      patient,
      score.label,
      ...METRICS.map((metric) => score[metric]),
      ...[score.voxels?.truth, score.voxels?.prediction, score.voxels?.both],
      ...lesions.map((count) => score.lesions?.[count]),
    ]),
  );
  return csvTable(["case", "patient", "class", ...METRICS, ...counted, ...lesions], rows);
}
