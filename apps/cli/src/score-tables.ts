/**
 * Scores for a person: shares in percent, distances in mm; a column for what was measured.
 */
import type { ClassMetrics, ClassScore, Scores } from "@medssl/contract";
import { printTable } from "./output.ts";

/** Heads of the columns; what ends in % is a share. */
const COLUMNS: readonly (readonly [keyof ClassMetrics, string])[] = [
  ["dice", "Dice %"],
  ["iou", "IoU %"],
  ["sensitivity", "sens. %"],
  ["precision", "prec. %"],
  ["hd95Mm", "HD95 mm"],
  ["assdMm", "ASSD mm"],
  ["nsd", "NSD %"],
  ["clDice", "clDice %"],
  ["lesionRecall", "lesion recall %"],
  ["lesionF1", "lesion F1 %"],
  ["volumeDifference", "volume diff. %"],
];

const shown = (head: string, value: number | undefined): string =>
  value === undefined ? "-" : head.endsWith("%") ? (100 * value).toFixed(1) : value.toFixed(2);

/** Means over cases by class, then what the sums over all cases give, then what could not be measured. */
export function printScores({ classes, dice, iou, toleranceMm, notes = [] }: Scores): void {
  const columns = COLUMNS.filter(([metric]) => classes.some((score) => score[metric] !== undefined));
  const rest = columns.slice(2).map(() => "");
  console.log("mean over cases");
  printTable(
    ["class", "cases", ...columns.map(([, head]) => head), "missed", "invented"],
    [
      ...classes.map((score) => [
        score.label,
        score.numCases ?? 0,
        ...columns.map(([metric, head]) => shown(head, score[metric])),
        score.numMissed ?? 0,
        score.numInvented ?? 0,
      ]),
      ["mean", "", shown("%", dice), shown("%", iou), ...rest, "", ""],
    ],
  );
  console.log("\npooled: from the sums over all cases");
  const pooled = COLUMNS.filter(([metric]) => classes.some(({ pooled }) => pooledOf(pooled, metric) !== undefined));
  printTable(
    ["class", ...pooled.map(([, head]) => head)],
    classes.map((score) => [
      score.label,
      ...pooled.map(([metric, head]) => shown(head, pooledOf(score.pooled, metric))),
    ]),
  );
  if (columns.some(([metric]) => metric === "nsd")) {
    console.log(
      `\nNSD: within ${toleranceMm} mm. Missed and invented cases count as 0 in it, and have no HD95 and ASSD.`,
    );
  }
  for (const note of notes) console.log(`\n${note}`);
}

const pooledOf = (pooled: object | undefined, metric: keyof ClassMetrics): number | undefined =>
  (pooled as Partial<ClassMetrics> | undefined)?.[metric];

/** A line for each case, worst first. */
export function printCases({ cases }: Scores): void {
  const heads = COLUMNS.filter(([metric]) => ["dice", "iou", "hd95Mm", "nsd"].includes(metric));
  const columns = heads.filter(([metric]) =>
    cases.some(({ classes }) => classes.some((one) => one[metric] !== undefined)),
  );
  const mean = (classes: readonly ClassScore[], metric: keyof ClassMetrics) => {
    const values = classes.flatMap((score) => score[metric] ?? []);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  console.log("");
  printTable(
    ["case", "patient", ...columns.map(([, head]) => head)],
    cases
      .toSorted((a, b) => a.dice - b.dice)
      .map((one) => [
        one.case,
        one.patient,
        ...columns.map(([metric, head]) =>
          shown(head, metric === "dice" || metric === "iou" ? one[metric] : mean(one.classes, metric)),
        ),
      ]),
  );
}
