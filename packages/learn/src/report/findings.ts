/**
 * What the numbers say, in sentences: made from the numbers, never claiming more than they show.
 *
 * The arm that the sentences are about is fixed beforehand (`mainArm`), not picked for its score; what it loses is said
 * in the same words as what it wins. Whether a difference counts is decided in `comparison.ts`.
 */
import type { Study } from "@medssl/contract";
import { type Arm, armsOf, mainArm } from "./arm.ts";
import { type Comparison, compare, isNoise, NOISE_POINTS, rivalries } from "./comparison.ts";
import { counted, labelCountText, percent, percentRange, points, pointsRange } from "./number-format.ts";
import { cellsAt, labelCount, measuredFractions, type Summary, stepsOf, summarize } from "./summary.ts";

export interface Finding {
  /** What it is about, in a word or two. */
  readonly topic: string;
  readonly text: string;
}

export interface Findings {
  /** The result at the smallest fraction, in one sentence. */
  readonly lead: string;
  /** The evidence for it, the other fractions, and how far to trust them. */
  readonly details: readonly Finding[];
}

export function findings(study: Study): Findings {
  const [fewest, ...others] = measuredFractions(study) as [number, ...number[]];
  const arms = armsOf(study).filter((arm) => cellsAt(study, arm.id, fewest).length > 0);
  const main = mainArm(arms) ?? arms[0]!;
  const details = [
    { topic: `At ${fewest}%`, text: evidence(study, main, fewest) },
    ...others.map((fraction) => ({ topic: `At ${fraction}%`, text: result(study, main, fraction) })),
    { topic: "Labels saved", text: labelsSaved(study, main) },
    { topic: "Highest", text: highest(study) },
    { topic: "How sure", text: trust(study) },
  ];
  return { lead: lead(study, main, fewest), details: details.filter(({ text }) => text !== "") };
}

/** "With 6 labeled images, MIM+ACL scored a mean Dice of 93.2 over 2 draws: 3.5 points above ... and level with ...". */
function lead(study: Study, main: Arm, fraction: number): string {
  const { dice } = summarize(study, main.id, fraction)!;
  const score =
    dice.count === 1
      ? `a Dice of ${percent(dice.mean)} in a single draw`
      : `a mean Dice of ${percent(dice.mean)} over ${dice.count} draws`;
  const readings = against(study, main, fraction).map(readingText);
  const rest = readings.length === 0 ? "" : `: ${readings.join(" and ")}`;
  return `With ${labeledText(study, fraction)}, ${main.name} scored ${score}${rest}.`;
}

function evidence(study: Study, main: Arm, fraction: number): string {
  const results = against(study, main, fraction).map(({ reference, points: spread, pairs, won }) =>
    pairs.length === 1
      ? `${points(spread.mean)} against ${reference.name} (one draw)`
      : `${pointsRange(spread)} points against ${reference.name}, ahead in ${won} of ${pairs.length} draws`,
  );
  return results.length === 0 ? "" : `Paired by draw: ${results.join("; ")}.`;
}

function result(study: Study, main: Arm, fraction: number): string {
  const summary = summarize(study, main.id, fraction);
  if (summary === undefined) return "";
  const readings = against(study, main, fraction).map(readingText);
  const rest = readings.length === 0 ? "" : `, ${readings.join(" and ")}`;
  return `${main.name} scored ${scoreText(summary)} with ${labeledText(study, fraction)}${rest}.`;
}

/** How many labels the same network from scratch needs to score as much, where the study shows it. */
function labelsSaved(study: Study, main: Arm): string {
  const [fewest, ...others] = measuredFractions(study) as [number, ...number[]];
  const scratch = armsOf(study).find((arm) => arm.method === "scratch" && arm.head === main.head && arm !== main);
  if (scratch === undefined || main.method === "scratch") return "";
  const few = summarize(study, main.id, fewest)!.dice.mean;
  const matched = others.flatMap((fraction) => {
    const many = summarize(study, scratch.id, fraction)?.dice.mean;
    return many !== undefined && (many <= few || isNoise((many - few) * 100)) ? [{ fraction, many }] : [];
  });
  const most = matched.at(-1);
  if (most === undefined) return "";
  const steps = stepsOf(study);
  return (
    `${main.name} with ${labeledText(study, fewest)} (${percent(few)}) is level with or above ${scratch.name} with ` +
    `${labeledText(study, most.fraction)} (${percent(most.many)})${steps === undefined ? "" : `, each after ${steps} steps`}.`
  );
}

/** The best arm with the most labels, and whether it is clear of the next. */
function highest(study: Study): string {
  const fraction = measuredFractions(study).at(-1)!;
  const [first, second] = armsOf(study)
    .flatMap((arm) => {
      const summary = summarize(study, arm.id, fraction);
      return summary === undefined ? [] : [{ arm, dice: summary.dice.mean }];
    })
    .sort((a, b) => b.dice - a.dice);
  if (first === undefined || second === undefined) return "";
  const gap = (first.dice - second.dice) * 100;
  const size = isNoise(gap) ? "a noise-level difference" : `${gap.toFixed(1)} points lower`;
  return (
    `With ${fraction}% of the labels the highest mean is that of ${first.arm.name} (${percent(first.dice)}); next is ` +
    `${second.arm.name} (${percent(second.dice)}), ${size}.`
  );
}

function trust(study: Study): string {
  const draws = new Set(study.cells.map((cell) => cell.draw)).size;
  const basis = draws === 1 ? "One draw of labeled patients" : `At most ${draws} draws of labeled patients`;
  const pretraining = study.pretraining.length > 0 ? ", one pre-training run per method" : "";
  return (
    `${basis}${pretraining}, each model trained once. Differences under ${NOISE_POINTS} points are ` +
    `noise-level; no test of significance was made. All scores are means over ` +
    `${counted(study.split.testImages, "test image")} of ${counted(study.split.testPatients, "held-out patient")}.`
  );
}

/** The main arm against the same network from scratch and against the U-Net. */
function against(study: Study, main: Arm, fraction: number): Comparison[] {
  return rivalries(study)
    .filter(({ arm, reference }) => arm.id === main.id && ["scratch", "unet"].includes(reference.method))
    .filter(({ reference }) => reference.head === main.head || reference.method === "unet")
    .flatMap((rivalry) => compare(study, rivalry, fraction) ?? []);
}

/** "3.5 points above the same network from scratch". */
function readingText({ reference, points: { mean }, verdict }: Comparison): string {
  const rival = reference.method === "scratch" ? "the same network from scratch" : `the ${reference.name}`;
  if (verdict === "noise") return `level with ${rival} (${points(mean)} points, noise-level)`;
  const size = `${Math.abs(mean).toFixed(1)} points ${mean > 0 ? "above" : "below"} ${rival}`;
  return verdict === "mixed" ? `${size} on average, but not in every draw` : size;
}

/** "6 labeled images". */
function labeledText(study: Study, fraction: number): string {
  return labelCountText(labelCount(study, fraction)!).replace(/ (images?|patients?)/, " labeled $1");
}

function scoreText({ dice }: Summary): string {
  return dice.count === 1 ? `${percent(dice.mean)} (one draw)` : `${percent(dice.mean)} (${percentRange(dice)})`;
}
