/**
 * Arms compared in pairs: the same fraction, the same draw, hence the same labeled patients, and the same test cases.
 *
 * Units    points of Dice, that is Dice in percent; positive when `arm` is ahead of `reference`.
 * Why      with few labels the draw moves Dice more than the method does; only the difference within a draw is fair.
 * Interval 95% by bootstrap over the test patients, and over the draws where there are two (statistics/bootstrap.ts).
 * p        Wilcoxon's signed-rank test on the patients' mean differences, corrected by Holm for all comparisons of the study.
 * Verdict  "ahead" or "behind" takes both: an interval without zero and a corrected p below 0.05. With fewer than
 *          `MIN_PATIENTS` test patients there is none: five cannot reach 0.05 however they come out.
 */
import type { Study, StudyCell } from "@medssl/contract";
import { bootstrapMean, type Interval } from "../statistics/bootstrap.ts";
import { holm } from "../statistics/holm.ts";
import { cohenDz, rankBiserial, signedRankTest } from "../statistics/wilcoxon.ts";
import { type Arm, armsOf } from "./arm.ts";
import { type CellPair, diceByPatient, differencesByPatient, patientMeans } from "./case-values.ts";
import { Remembered } from "./remembered.ts";
import { cellsAt, measuredFractions, type Spread, spread } from "./summary.ts";

/** Fewer test patients than these carry no verdict: 2 / 2^5 = 0.06 is the least p that five of them can have. */
export const MIN_PATIENTS = 6;
export const SIGNIFICANT = 0.05;
const SEED = 2026;

export type Verdict = "ahead" | "behind" | "open" | "few";

export interface Pair {
  readonly draw: number;
  readonly points: number;
}

/** Two sets of cells on the same test cases, before any correction. */
export interface PairedResult {
  /** Mean over test cases and draws, in points. */
  readonly mean: number;
  /** Of other test patients and, with two draws or more, of other draws; in points. */
  readonly interval: Interval;
  /** Of other test patients with these very draws; in points. */
  readonly ofPatients: Interval;
  readonly patients: number;
  readonly cases: number;
  readonly draws: number;
  readonly p: number;
  readonly rankBiserial: number;
  /** NaN where differences do not vary. */
  readonly cohenDz: number;
}

export interface Comparison extends PairedResult {
  readonly arm: Arm;
  readonly reference: Arm;
  readonly fraction: number;
  readonly pairs: readonly Pair[];
  readonly points: Spread;
  /** Pairs in which the arm is ahead; a tie is not. */
  readonly won: number;
  /** p after Holm's correction. */
  readonly corrected: number;
  readonly verdict: Verdict;
}

/** An arm against a reference, whatever the fraction. */
export interface Rivalry {
  readonly arm: Arm;
  readonly reference: Arm;
}

/** Compares two arms of a rivalry at one fraction; undefined when no draw has both. */
export function compare(study: Study, { arm, reference }: Rivalry, fraction: number): Comparison | undefined {
  return comparisons(study).find(
    (one) => one.arm.id === arm.id && one.reference.id === reference.id && one.fraction === fraction,
  );
}

/**
 * Who is compared with whom: pre-trained arms with the same head from scratch, every arm with the U-Nets, MIM+ACL with
 * MIM, and an arm with the other head with the same method and the study's head.
 */
export function rivalries(study: Study): Rivalry[] {
  const arms = armsOf(study);
  const against = (isReference: (arm: Arm, reference: Arm) => boolean) =>
    arms.flatMap((arm) =>
      arms.flatMap((reference) => (arm !== reference && isReference(arm, reference) ? [{ arm, reference }] : [])),
    );
  return [
    ...against((arm, other) => other.method === "scratch" && arm.head === other.head),
    ...against((arm, other) => other.isBaseline && (!arm.isBaseline || arms.indexOf(arm) > arms.indexOf(other))),
    ...against((arm, other) => arm.method === "mim+acl" && other.method === "mim" && arm.head === other.head),
    ...against((arm, other) => arm.isVariant && !other.isVariant && arm.method === other.method),
  ];
}

const known = new WeakMap<Study, readonly Comparison[]>();

/** Every comparison that the study holds: the family that Holm's correction is for. */
export function comparisons(study: Study): readonly Comparison[] {
  const before = known.get(study);
  if (before !== undefined) return before;
  const fractions = measuredFractions(study);
  const found = rivalries(study).flatMap((rivalry) =>
    fractions.flatMap((fraction) => {
      const pairs = pairedCells(
        cellsAt(study, rivalry.arm.id, fraction),
        cellsAt(study, rivalry.reference.id, fraction),
      );
      const result = comparePairs(pairs);
      return result === undefined ? [] : [{ ...rivalry, fraction, result, pairs }];
    }),
  );
  const corrected = holm(found.map(({ result }) => result.p));
  const all = found.map(({ result, pairs: cells, ...what }, i): Comparison => {
    const pairs = cells.flatMap((pair) => {
      const mean = meanOf([pair]);
      return mean === undefined ? [] : [{ draw: pair[0].draw, points: mean }];
    });
    const points = spread(pairs.map((pair) => pair.points));
    const won = pairs.filter((pair) => pair.points > 0).length;
    return { ...what, ...result, pairs, points, won, corrected: corrected[i]!, verdict: judge(result, corrected[i]!) };
  });
  known.set(study, all);
  return all;
}

/** Cells of the same draw. */
export function pairedCells(cells: readonly StudyCell[], references: readonly StudyCell[]): CellPair[] {
  return cells.flatMap((cell) => {
    const reference = references.find(({ draw }) => draw === cell.draw);
    return reference === undefined ? [] : [[cell, reference] as const];
  });
}

const rememberedPairs = new Remembered<PairedResult | undefined>();
const rememberedMeans = new Remembered<Interval | undefined>();

/** @param label A class; the mean over the classes when left out @returns undefined without a common case */
export function comparePairs(pairs: readonly CellPair[], label?: string): PairedResult | undefined {
  return rememberedPairs.of(pairs.flat(), label ?? "", () => computePairs(pairs, label));
}

function computePairs(pairs: readonly CellPair[], label: string | undefined): PairedResult | undefined {
  const values = differencesByPatient(pairs, label);
  const means = patientMeans(values);
  if (means.length === 0) return undefined;
  const { mean, interval, ofPatients } = bootstrapMean(values, SEED);
  const test = signedRankTest(means);
  return {
    mean: 100 * mean,
    interval: inPoints(interval),
    ofPatients: inPoints(ofPatients),
    patients: means.length,
    cases: values[0]!.counts.reduce((sum, count) => sum + count, 0),
    draws: values.length,
    p: test.p,
    rankBiserial: rankBiserial(test),
    cohenDz: cohenDz(means),
  };
}

/** The interval of one arm's mean Dice over its draws, 0-1. */
export function meanInterval(study: Study, arm: string, fraction: number, label?: string): Interval | undefined {
  const cells = cellsAt(study, arm, fraction);
  return rememberedMeans.of(cells, label ?? "", () => {
    const values = diceByPatient(cells, label);
    if ((values[0]?.sums.length ?? 0) === 0) return undefined;
    const { low, high } = bootstrapMean(values, SEED).interval;
    return { low: Math.max(0, low), high: Math.min(1, high) };
  });
}

export function judge({ interval, patients }: PairedResult, corrected: number): Verdict {
  if (patients < MIN_PATIENTS) return "few";
  if (corrected < SIGNIFICANT && interval.low > 0) return "ahead";
  return corrected < SIGNIFICANT && interval.high < 0 ? "behind" : "open";
}

function meanOf(pairs: readonly CellPair[]): number | undefined {
  const [values] = differencesByPatient(pairs);
  if (values === undefined) return undefined;
  const [sum, count] = [values.sums, values.counts].map((list) => list.reduce((total, value) => total + value, 0));
  return (100 * sum!) / count!;
}

const inPoints = ({ low, high }: Interval): Interval => ({ low: 100 * low, high: 100 * high });
