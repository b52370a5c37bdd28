/**
 * The annotation budget: how many annotated patients lead to a wished Dice, for each arm of a study.
 *
 * Answer     the count on the fitted curve, and the middle 95% of the counts on the curves of the bootstrap.
 * Check      the curve without the largest count must predict it: within the 95% that it expects of itself, or 1 point.
 * Silence    says so instead of a number, where the data do not carry one: fewer than `LEAST_COUNTS` different counts, a curve
 *            that is flat or falls beyond its noise, a check that failed (for what lies beyond the measured counts), a Dice
 *            above the ceiling that the curve approaches, or more patients than `REACH` times the most that were measured.
 * Units      Dice 0-1; counts are annotated patients.
 */
import type { Study } from "@medssl/contract";
import { type LearningCurve, type Level, learningCurves } from "./learning-curve.ts";
import { countFor, errorAt, fitPowerLaw, type PowerLaw } from "./power-law.ts";

/** A low and a high end, or Infinity where more than any number may be needed. */
export type Interval = readonly [low: number, high: number];

export interface HeldOutCheck {
  /** The largest measured count, which the fit did not see. */
  readonly count: number;
  readonly predicted: number;
  readonly interval: Interval;
  readonly measured: number;
  readonly isMissed: boolean;
}

export type Answer =
  | { readonly kind: "count"; readonly count: number; readonly interval: Interval; readonly more: number }
  /** The fewest that were measured are enough. */
  | { readonly kind: "at most"; readonly count: number }
  /** More than can be told from so few. */
  | { readonly kind: "more than"; readonly count: number }
  | { readonly kind: "never"; readonly ceiling: number; readonly interval: Interval }
  | { readonly kind: "unknown"; readonly why: string };

export interface Target {
  readonly dice: number;
  readonly answer: Answer;
  /** What the study itself shows: the most patients with a lower mean, and the fewest with at least this one. */
  readonly measured: { readonly below: number | undefined; readonly reached: number | undefined };
}

export interface ArmForecast {
  readonly arm: string;
  readonly levels: readonly Level[];
  /** Undefined where there is none; `why` tells. */
  readonly law: PowerLaw | undefined;
  readonly why: string | undefined;
  /** The Dice that the curve approaches, and its interval. */
  readonly ceiling: { readonly dice: number; readonly interval: Interval } | undefined;
  readonly check: HeldOutCheck | undefined;
  readonly targets: readonly Target[];
  /** The curves of the bootstrap. */
  readonly laws: readonly PowerLaw[];
}

export interface Budget {
  /** Annotated patients that can be learned from already. */
  readonly annotated: number;
  readonly dices: readonly number[];
  readonly arms: readonly ArmForecast[];
}

export interface BudgetOptions {
  /** 0-1. @default the best of each arm with the most labels, rounded, and the next rounder one above all */
  readonly wishedDice?: readonly number[];
}

const LEAST_COUNTS = 4;
/** Beyond so many times the largest measured count nothing is forecast. */
export const REACH = 4;
/** Points of Dice that a check may be off, whatever it expects of itself. */
const TOLERANCE = 0.01;

export function forecasts(study: Study, { wishedDice }: BudgetOptions = {}): Budget {
  const curves = learningCurves(study);
  const dices = [...(wishedDice ?? usualTargets(curves))].sort((a, b) => a - b);
  const annotated = study.split.trainPatients;
  return { annotated, dices, arms: curves.map((curve) => forecast(curve, dices, annotated)) };
}

function forecast(curve: LearningCurve, dices: readonly number[], annotated: number): ArmForecast {
  const { arm, levels } = curve;
  const why = obstacle(levels);
  const measured = (dice: number) => ({
    below: levels.findLast((level) => level.dice < dice)?.count,
    reached: levels.find((level) => level.dice >= dice)?.count,
  });
  if (why !== undefined) {
    const targets = dices.map((dice) => ({
      dice,
      answer: { kind: "unknown", why } as const,
      measured: measured(dice),
    }));
    return { arm, levels, law: undefined, why, ceiling: undefined, check: undefined, targets, laws: [] };
  }
  const law = fitPowerLaw(curve.points);
  const laws = curve.replicates.map(fitPowerLaw);
  const ceiling = { dice: 1 - law.floor, interval: middle(laws.map(({ floor }) => 1 - floor)) };
  const check = heldOutCheck(curve);
  const targets = dices.map((dice) => ({
    dice,
    answer: answer(dice, { law, laws, levels, check, annotated }),
    measured: measured(dice),
  }));
  return { arm, levels, law, why, ceiling, check, targets, laws };
}

/** Why the levels carry no curve at all. */
function obstacle(levels: readonly Level[]): string | undefined {
  if (levels.length < LEAST_COUNTS) {
    const counts = levels.map(({ count }) => count).join(", ");
    return `it needs ${LEAST_COUNTS} different numbers of annotated patients, so that a curve is fitted and checked; there are ${levels.length} (${counts}). The study's command with more --fractions adds to them`;
  }
  const noise = (a: Level, b: Level) => Math.hypot(a.deviation / Math.sqrt(a.draws), b.deviation / Math.sqrt(b.draws));
  for (const [i, few] of levels.entries()) {
    const fallen = levels.slice(i + 1).find((many) => few.dice - many.dice > 3 * noise(few, many));
    if (fallen !== undefined) {
      return `Dice falls from ${points(few.dice)} with ${few.count} patients to ${points(fallen.dice)} with ${fallen.count}, by more than chance`;
    }
  }
  const [first, last] = [levels[0]!, levels.at(-1)!];
  if (last.dice - first.dice < 2 * noise(first, last)) {
    return `Dice rises by no more than chance between ${first.count} and ${last.count} patients`;
  }
  return undefined;
}

/** Fits without the largest count and predicts it. */
function heldOutCheck({ points: all, replicates, levels }: LearningCurve): HeldOutCheck {
  const { count, dice: measured, deviation, draws } = levels.at(-1)!;
  const fit = (points: typeof all) => fitPowerLaw(points.filter((point) => point.count < count));
  const predicted = 1 - errorAt(fit(all), count);
  const [low, high] = middle(replicates.map((points) => 1 - errorAt(fit(points), count)));
  // What was measured is itself uncertain.
  const noise = (1.96 * deviation) / Math.sqrt(draws);
  const interval = [
    predicted - Math.hypot(predicted - low, noise),
    predicted + Math.hypot(high - predicted, noise),
  ] as const;
  const isInside = measured >= interval[0] && measured <= interval[1];
  return { count, predicted, interval, measured, isMissed: !isInside && Math.abs(measured - predicted) > TOLERANCE };
}

interface Evidence {
  readonly law: PowerLaw;
  readonly laws: readonly PowerLaw[];
  readonly levels: readonly Level[];
  readonly check: HeldOutCheck;
  readonly annotated: number;
}

function answer(dice: number, { law, laws, levels, check, annotated }: Evidence): Answer {
  const [fewest, most] = [levels[0]!.count, levels.at(-1)!.count];
  const exact = countFor(law, 1 - dice);
  if (exact <= fewest) return { kind: "at most", count: fewest };
  if (check.isMissed && exact > most) {
    return {
      kind: "unknown",
      why: `the curve up to ${levels.at(-2)!.count} patients predicted ${points(check.predicted)} for ${most}, measured were ${points(check.measured)}: it cannot be trusted beyond them`,
    };
  }
  if (exact === Number.POSITIVE_INFINITY)
    return { kind: "never", ceiling: 1 - law.floor, interval: middle(laws.map(({ floor }) => 1 - floor)) };
  if (exact > REACH * most) return { kind: "more than", count: REACH * most };
  const [low, high] = middle(laws.map((one) => countFor(one, 1 - dice)));
  const count = Math.ceil(exact - 1e-9);
  const interval = [
    Math.max(1, Math.floor(low)),
    high > REACH * most ? Number.POSITIVE_INFINITY : Math.ceil(high),
  ] as const;
  return { kind: "count", count, interval, more: Math.max(0, count - annotated) };
}

/** Half points below the best of each arm, and the next one above all of them. */
function usualTargets(curves: readonly LearningCurve[]): number[] {
  const halfPoints = curves.map(({ levels }) => Math.floor(200 * levels.at(-1)!.dice + 1e-9));
  const wished = [...halfPoints, Math.max(...halfPoints) + 1].filter((value) => value < 200);
  return [...new Set(wished)].map((value) => value / 200);
}

/** The middle 95%. */
function middle(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return [at(0.025), at(0.975)];
}

const points = (dice: number): string => (100 * dice).toFixed(1);
