/** What a prediction found, for a person. */
import { counted, type Prediction, type PredictionReport } from "@medssl/datasets";
import { printTable } from "./output.ts";

/** Lines of a table that a person still reads. */
const MOST_ROWS = 40;

const LONGEST = 70;

/** Images that are named where there are more. */
const NUM_WORST = 3;

type Finding = Prediction["classes"][number];

const COLUMNS: readonly (readonly [head: string, value: (found: Finding) => string | undefined])[] = [
  ["%", ({ share }) => (100 * share).toFixed(1)],
  ["mm2", ({ areaMm2 }) => areaMm2?.toFixed(0)],
  ["ml", ({ volumeMl }) => volumeMl?.toFixed(1)],
  ["Dice %", ({ truth }) => truth && (100 * truth.dice).toFixed(1)],
  ["HD95 mm", ({ truth }) => truth?.hd95Mm?.toFixed(1)],
];

export function printPredictions(out: string, report: PredictionReport): void {
  const { classes, predictions, skipped, numKept, isComplete, unmeasured } = report;
  const findings = predictions.flatMap((one) => one.classes);
  const used = COLUMNS.filter(([, value]) => findings.some((found) => value(found) !== undefined));
  if (predictions.length === 0) console.log(isComplete ? "Nothing was segmented." : "Nothing was segmented yet.");
  else {
    printTable(
      ["image", ...classes.flatMap(({ name }) => used.map(([head]) => `${name} ${head}`))],
      predictions
        .slice(0, MOST_ROWS)
        .map((one) => [
          shortened(one.file),
          ...one.classes.flatMap((found) => used.map(([, value]) => value(found) ?? "-")),
        ]),
    );
    if (predictions.length > MOST_ROWS) console.log(`... ${counted(predictions.length - MOST_ROWS, "more image")}`);
    printMeans(predictions);
    const kept = numKept > 0 ? `, ${numKept} of them kept` : "";
    console.log(
      `\n${counted(predictions.length, "image")} in ${out}${kept}; all numbers in predictions.csv, as shares of 0 to 1 where % stands here`,
    );
  }
  printStored(report);
  if (skipped.length > 0) console.log("");
  for (const { file, reason } of skipped.slice(0, MOST_ROWS)) {
    console.log(`skipped ${reason.includes(file) ? reason : `${file}: ${reason}`}`);
  }
  if (skipped.length > MOST_ROWS) console.log(`... ${skipped.length - MOST_ROWS} more skipped, see predictions.csv`);
  if (unmeasured !== undefined) console.log(`\n${unmeasured}`);
  if (!isComplete) console.log("\nInterrupted: the same command goes on where this one stopped.");
}

/** The end of a long path is what tells it from others. */
const shortened = (file: string): string => (file.length <= LONGEST ? file : `...${file.slice(3 - LONGEST)}`);

interface Measured {
  readonly file: string;
  readonly label: string;
  readonly dice: number;
}

/** Against the truth, over the images that have one. */
function printMeans(predictions: readonly Prediction[]): void {
  const measured = predictions.flatMap(({ file, classes }) =>
    classes.flatMap(({ name, truth }): Measured[] => (truth ? [{ file, label: name, dice: truth.dice }] : [])),
  );
  for (const [name, findings] of Map.groupBy(measured, ({ label }) => label)) {
    const mean = findings.reduce((sum, { dice }) => sum + dice, 0) / findings.length;
    console.log(`${name}: Dice ${(100 * mean).toFixed(2)} % over ${counted(findings.length, "image")} with truth`);
    if (findings.length > NUM_WORST) console.log(`  worst: ${worstOf(findings).join(", ")}`);
  }
}

const worstOf = (findings: readonly Measured[]): string[] =>
  findings
    .toSorted((a, b) => a.dice - b.dice)
    .slice(0, NUM_WORST)
    .map(({ file, dice }) => `${shortened(file)} ${(100 * dice).toFixed(1)} %`);

/** What the archive of this run did not take; another one's refusals were told of when that was the one. */
export const refusalsOf = (report: PredictionReport) => answersOf(report).filter(({ isStored }) => !isStored);

const answersOf = ({ predictions, archive }: PredictionReport) =>
  predictions.flatMap(({ name, stored = [] }) =>
    stored.filter(({ address }) => address === archive?.address).map((one) => ({ name, ...one })),
  );

function printStored(report: PredictionReport): void {
  const { archive } = report;
  if (archive === undefined) return;
  const { address, numStored, numBefore } = archive;
  const refusals = refusalsOf(report);
  const before = numBefore > 0 ? `, ${numBefore} before` : "";
  if (numStored > 0) console.log(`${counted(numStored, "DICOM segmentation")} stored in ${address}${before}`);
  else if (numBefore > 0) {
    const now = refusals.length > 0 ? "none taken now" : "none sent now";
    console.log(`${counted(numBefore, "DICOM segmentation")} stored in ${address} before, ${now}`);
  } else if (refusals.length === 0) console.log(`No DICOM segmentation for ${address}`);
  for (const { name, output, reason } of answersOf(report).filter((one) => one.isStored && one.reason !== undefined)) {
    console.log(`stored ${output} of ${name}: ${reason}`);
  }
  for (const { name, output, reason } of refusals) console.log(`not stored ${output} of ${name}: ${reason}`);
}
