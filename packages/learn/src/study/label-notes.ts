/**
 * What the numbers of patients make of the percentages, in words: few patients have no 1%, and a draw may miss a class.
 */
import type { StudyCell, StudyNote } from "@medssl/contract";
import { drawPatients, type Split, type Store } from "@medssl/datasets";
import { labelRoles } from "../data/label-roles.ts";

/** A share is said to be another one when they differ by more than this part of it. */
const TOLERANCE = 0.25;
const FEW_TEST_PATIENTS = 6;

/** What a percentage comes to where patients cannot be parted so finely; undefined where it is about right. */
export function roundedShare(split: Split, fraction: number): string | undefined {
  const total = split.train.length;
  const count = drawPatients(split, fraction, 0).length;
  const share = (100 * count) / total;
  if (share <= fraction * (1 + TOLERANCE)) return undefined;
  return `${fraction}% of ${total} training patients is ${count} patient${count === 1 ? "" : "s"} (${Math.round(share)}%), not ${fraction}%`;
}

/** Percentages that mean something else here, and a test that is too small. */
export function patientNotes(split: Split, fractions: readonly number[]): StudyNote[] {
  const counts = fractions
    .toSorted((a, b) => a - b)
    .map((fraction) => ({ fraction, count: drawPatients(split, fraction, 0).length }));
  const notes = counts.flatMap(({ fraction, count }): StudyNote[] => {
    const rounded = roundedShare(split, fraction);
    if (rounded === undefined) return [];
    const same = counts
      .filter((one) => one.fraction !== fraction && one.count === count)
      .map((one) => `${one.fraction}%`);
    const others =
      same.length === 0 ? "" : ` ${same.join(" and ")} of the labels ${same.length === 1 ? "is" : "are"} as many.`;
    return [
      {
        level: "warning",
        text: `${rounded}: a patient is not parted. Read that column as ${count} patient${count === 1 ? "" : "s"}; it says nothing about ${fraction}% of a larger set.${others}`,
      },
    ];
  });
  if (split.test.length >= FEW_TEST_PATIENTS) return notes;
  return [
    ...notes,
    {
      level: "warning",
      text: `Only ${split.test.length} patient${split.test.length === 1 ? " is" : "s are"} tested on: no difference between arms can be told from chance. Hold out more, or gather more.`,
    },
  ];
}

/** Draws whose patients' masks do not show every class. */
export function missingLabelNotes(cells: readonly StudyCell[]): StudyNote[] {
  const byDraw = new Map(
    cells
      .filter(({ missingLabels = [] }) => missingLabels.length > 0)
      .map((cell) => [`${cell.fraction} ${cell.draw}`, cell]),
  );
  return [...byDraw.values()].map(({ fraction, draw, missingLabels }) => ({
    level: "warning",
    text: `The labeled patients of ${fraction}%, draw ${draw} show no ${missingLabels!.join(", no ")}: no arm could learn it there, and its Dice is that of a guess.`,
  }));
}

/** Classes that the masks of these patients do not show. */
export function missingLabels(stores: readonly Store[], patients: ReadonlySet<string>): string[] {
  const shown = new Set<string>();
  for (const store of stores) {
    const names = new Map(store.info.labels.map(({ value, name }) => [String(value), name]));
    const rows = store.query<{ patient: string; counts: string | null }>(
      "SELECT patient, label_counts AS counts FROM cases WHERE has_mask = 1",
    );
    for (const { patient, counts } of rows) {
      if (counts === null || !patients.has(patient)) continue;
      for (const value of Object.keys(JSON.parse(counts))) if (names.has(value)) shown.add(names.get(value)!);
    }
  }
  return labelRoles(stores[0]!.info.labels)
    .classes.map(({ name }) => name)
    .filter((name) => !shown.has(name));
}
