/**
 * The test cases' Dice as the statistics want them: by draw and patient, of one arm or as differences of two.
 *
 * Pairs      a case of one cell and the same case of another; cases that only one of them has are left out, and so is a class
 *            where a case has no score of it.
 * Draws      in which no case has a score of the class are left out.
 * Units      Dice 0-1.
 */
import type { CaseScore, StudyCell } from "@medssl/contract";
import type { PatientValues } from "../statistics/bootstrap.ts";

export type CellPair = readonly [cell: StudyCell, reference: StudyCell];

export interface CaseDifference {
  readonly case: string;
  readonly patient: string;
  readonly dice: number;
  readonly reference: number;
}

/** @param label A class; the mean over the classes when left out */
export function diceByPatient(cells: readonly StudyCell[], label?: string): PatientValues[] {
  return byPatient(
    cells.map(({ scores }) => scores.cases.map((one) => ({ patient: one.patient, value: diceOf(one, label) }))),
  );
}

export function differencesByPatient(pairs: readonly CellPair[], label?: string): PatientValues[] {
  return byPatient(
    pairs.map((pair) =>
      caseDifferences(pair, label).map(({ patient, dice, reference }) => ({ patient, value: dice - reference })),
    ),
  );
}

/** The cases that both cells were measured on. */
export function caseDifferences([cell, reference]: CellPair, label?: string): CaseDifference[] {
  const others = new Map(reference.scores.cases.map((one) => [one.case, diceOf(one, label)]));
  return cell.scores.cases.flatMap((one) => {
    const [dice, other] = [diceOf(one, label), others.get(one.case)];
    if (!Number.isFinite(dice) || other === undefined || !Number.isFinite(other)) return [];
    return [{ case: one.case, patient: one.patient, dice, reference: other }];
  });
}

/** The mean of each patient over cases and draws. */
export function patientMeans(draws: readonly PatientValues[]): Float64Array {
  const total = (patient: number, of: "sums" | "counts") => draws.reduce((sum, draw) => sum + draw[of][patient]!, 0);
  return Float64Array.from({ length: draws[0]?.sums.length ?? 0 }, (_, patient) => {
    return total(patient, "sums") / total(patient, "counts");
  });
}

function diceOf({ dice, classes }: CaseScore, label: string | undefined): number {
  return label === undefined ? dice : (classes.find((one) => one.label === label)?.dice ?? Number.NaN);
}

function byPatient(draws: readonly (readonly { patient: string; value: number }[])[]): PatientValues[] {
  const known = draws
    .map((cases) => cases.filter(({ value }) => Number.isFinite(value)))
    .filter((cases) => cases.length > 0);
  const patients = [...new Set(known.flatMap((cases) => cases.map(({ patient }) => patient)))].sort();
  const places = new Map(patients.map((patient, i) => [patient, i]));
  return known.map((cases) => {
    const [sums, counts] = [new Float64Array(patients.length), new Float64Array(patients.length)];
    for (const { patient, value } of cases) {
      sums[places.get(patient)!]! += value;
      counts[places.get(patient)!]!++;
    }
    return { sums, counts };
  });
}
