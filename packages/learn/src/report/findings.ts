/**
 * What the numbers say, in sentences: made from the numbers, never claiming more than they show.
 *
 * The arm that the sentences are about is fixed beforehand (`mainArm`), not picked for its score; what it loses is said
 * in the same words as what it wins. Whether a difference counts is decided in `comparison.ts`; with too few test
 * patients no sentence says that it does.
 */
import type { Study } from "@medssl/contract";
import { type Arm, armsOf, mainArm } from "./arm.ts";
import type { CellPair } from "./case-values.ts";
import { type Comparison, compare, comparePairs, comparisons, MIN_PATIENTS, rivalries } from "./comparison.ts";
import {
  counted,
  decimal,
  intervalText,
  labelCountText,
  percent,
  percentRange,
  points,
  pointsRange,
  pText,
} from "./number-format.ts";
import { clearlyBest } from "./significance.ts";
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
  const readings = against(study, main, fraction);
  const rest = readings.length === 0 ? "" : `: ${readings.map(readingText).join("; ")}`;
  const [few] = readings.filter(({ verdict }) => verdict === "few");
  const doubt = few === undefined ? "" : ` ${tooFewText(few.patients)}`;
  return `With ${labeledText(study, fraction)}, ${main.name} scored ${score}${rest}.${doubt}`;
}

function evidence(study: Study, main: Arm, fraction: number): string {
  const results = against(study, main, fraction).map(({ reference, points: range, pairs, won, ...one }) => {
    const draws =
      pairs.length === 1
        ? `${points(range.mean)} against ${reference.name} in one draw`
        : `${pointsRange(range)} points against ${reference.name}, ahead in ${won} of ${pairs.length} draws`;
    const given = pairs.length === 1 ? "" : `; for other patients and these draws ${intervalText(one.ofPatients)}`;
    const size = Number.isNaN(one.cohenDz) ? "" : `, d_z ${decimal(one.cohenDz, 1)}`;
    return `${draws} (rank-biserial correlation ${decimal(one.rankBiserial, 2)}${size}${given})`;
  });
  return results.length === 0 ? "" : `Paired by draw: ${results.join("; ")}.`;
}

function result(study: Study, main: Arm, fraction: number): string {
  const summary = summarize(study, main.id, fraction);
  if (summary === undefined) return "";
  const readings = against(study, main, fraction).map(readingText);
  const rest = readings.length === 0 ? "" : `: ${readings.join("; ")}`;
  return `${main.name} scored ${scoreText(summary)} with ${labeledText(study, fraction)}${rest}.`;
}

/** The most labels with which the same network from scratch scored no more, where the study shows it. */
function labelsSaved(study: Study, main: Arm): string {
  const [fewest, ...others] = measuredFractions(study) as [number, ...number[]];
  const scratch = armsOf(study).find((arm) => arm.method === "scratch" && arm.head === main.head && arm !== main);
  if (scratch === undefined || main.method === "scratch") return "";
  const few = summarize(study, main.id, fewest)!.dice.mean;
  const most = others.findLast((fraction) => (summarize(study, scratch.id, fraction)?.dice.mean ?? 1) <= few);
  if (most === undefined) return "";
  const references = cellsAt(study, scratch.id, most);
  // All labels have one draw, which then stands against each of the others.
  const pairs = cellsAt(study, main.id, fewest).flatMap((cell): CellPair[] => {
    const reference = references.find(({ draw }) => draw === cell.draw) ?? (most === 100 ? references[0] : undefined);
    return reference === undefined ? [] : [[cell, reference]];
  });
  const difference = comparePairs(pairs);
  const steps = stepsOf(study);
  return (
    `${scratch.name} with ${labeledText(study, most)} (${percent(summarize(study, scratch.id, most)!.dice.mean)}) scored no more ` +
    `than ${main.name} with ${labeledText(study, fewest)} (${percent(few)})` +
    (difference === undefined
      ? ""
      : `: ${points(difference.mean)} points, 95% interval ${intervalText(difference.interval)}`) +
    `${steps === undefined ? "" : `; each after ${steps} steps`}.`
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
  const pairs = cellsAt(study, first.arm.id, fraction).flatMap((cell): CellPair[] => {
    const reference = cellsAt(study, second.arm.id, fraction).find(({ draw }) => draw === cell.draw);
    return reference === undefined ? [] : [[cell, reference]];
  });
  const result = comparePairs(pairs);
  // Picked after the fact: it is to be clear of all others, with Holm's correction.
  const isClear = clearlyBest(study, fraction) === first.arm.id;
  const size =
    result === undefined
      ? ""
      : `, ${result.mean.toFixed(1)} points lower (95% interval ${intervalText(result.interval)}${isClear ? "" : ", not clear of chance"})`;
  return (
    `With ${fraction}% of the labels the highest mean is that of ${first.arm.name} (${percent(first.dice)}); next is ` +
    `${second.arm.name} (${percent(second.dice)})${size}.`
  );
}

/** What the intervals cover, what they do not, and the tests. */
function trust(study: Study): string {
  const draws = new Set(study.cells.map((cell) => cell.draw)).size;
  const family = comparisons(study);
  const patients = Math.max(0, ...family.map((one) => one.patients));
  const tested =
    `All scores are means over ${counted(study.split.testImages, "test image")} of ` +
    `${counted(study.split.testPatients, "held-out patient")}`;
  if (family.length === 0) return `${tested}; ${counted(draws, "draw")} of the labeled patients.`;
  if (patients < MIN_PATIENTS) return `${tooFewText(patients)} ${tested}.`;
  const lottery =
    draws === 1
      ? "of other test patients only: with one draw nobody knows what another choice of labeled patients would give"
      : `of other test patients and other choices of the labeled ones (at most ${draws} draws` +
        `${draws === 2 ? ", which make wide intervals; three or more say more" : ""})`;
  const pretraining = study.pretraining.length > 0 ? ", nor another run of pre-training" : "";
  return (
    `Intervals are ${lottery}. They do not cover another seed of the same training${pretraining}. p is Wilcoxon's signed-rank test over ` +
    `${counted(patients, "test patient")}, corrected by Holm for the ${counted(family.length, "comparison")} of this study. ${tested}.`
  );
}

function tooFewText(patients: number): string {
  return `With ${counted(patients, "test patient")} nothing can be concluded: fewer than ${MIN_PATIENTS} cannot tell a gain from chance.`;
}

/** The main arm against the same network from scratch and against the U-Net. */
function against(study: Study, main: Arm, fraction: number): Comparison[] {
  return rivalries(study)
    .filter(({ arm, reference }) => arm.id === main.id && (reference.method === "scratch" || reference.isBaseline))
    .filter(({ reference }) => reference.head === main.head || reference.isBaseline)
    .flatMap((rivalry) => compare(study, rivalry, fraction) ?? []);
}

/** "+3.5 points over the same network from scratch (95% interval 2.9 to 4.1, p = 0.002 after Holm)". */
function readingText(comparison: Comparison): string {
  const { reference, mean, verdict } = comparison;
  const rival = reference.method === "scratch" ? "the same network from scratch" : `the ${reference.name}`;
  if (verdict === "few") return `${points(mean)} points against ${rival}`;
  const evidence = evidenceText(comparison);
  if (verdict === "open") return `not clearly different from ${rival} (${points(mean)} points, ${evidence})`;
  return `${points(mean)} points ${verdict === "ahead" ? "over" : "against"} ${rival} (${evidence})`;
}

function evidenceText({ fraction, draws, interval, ofPatients, corrected }: Comparison): string {
  // All labels have one draw by nature.
  const scope = draws === 1 && fraction < 100 ? " for this draw" : "";
  const text = `95% interval ${intervalText(interval)}${scope}, ${pText(corrected)} after Holm`;
  const isLottery = interval.low * interval.high < 0 && ofPatients.low * ofPatients.high > 0;
  return isLottery ? `${text}; for these ${draws} draws alone ${intervalText(ofPatients)}` : text;
}

/** "6 labeled images". */
function labeledText(study: Study, fraction: number): string {
  return labelCountText(labelCount(study, fraction)!).replace(/ (images?|patients?)/, " labeled $1");
}

function scoreText({ dice }: Summary): string {
  return dice.count === 1 ? `${percent(dice.mean)} (one draw)` : `${percent(dice.mean)} (${percentRange(dice)})`;
}
