/**
 * How good a run was seen to be: Dice with its 95% interval, over patients that it never learned from.
 *
 * Interval  other patients, this very network: patients are resampled whole. One patient says nothing of others: 0 to 1.
 */
import type { ModelCard, Scores } from "@medssl/contract";
import { bootstrapMean } from "../statistics/bootstrap.ts";

const SEED = 0;

/** @param images That the cases are of. @param data What it was measured on, in words. */
export function metricsOf({ cases, classes }: Scores, images: number, data: string): ModelCard["metrics"] {
  const patients = [...new Set(cases.map(({ patient }) => patient))];
  const interval = (values: readonly { readonly patient: string; readonly dice: number }[]) => {
    const byPatient = Map.groupBy(values, ({ patient }) => patient);
    const all = patients.map((patient) => byPatient.get(patient) ?? []);
    const sums = Float64Array.from(all, (ofOne) => ofOne.reduce((sum, { dice }) => sum + dice, 0));
    const counts = Float64Array.from(all, (ofOne) => ofOne.length);
    const { mean, ofPatients } = bootstrapMean([{ sums, counts }], SEED);
    return { mean, ...(byPatient.size > 1 ? ofPatients : { low: 0, high: 1 }) };
  };
  return {
    images,
    patients: patients.length,
    dice: interval(cases),
    classes: classes.map(({ label: name, hd95Mm }) => ({
      name,
      dice: interval(
        cases.flatMap((one) =>
          one.classes.filter(({ label }) => label === name).map(({ dice }) => ({ patient: one.patient, dice })),
        ),
      ),
      ...(hd95Mm === undefined ? {} : { hd95Mm }),
    })),
    data,
  };
}
