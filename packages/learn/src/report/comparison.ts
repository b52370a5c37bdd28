/**
 * Arms compared in pairs: the same fraction, the same draw, hence the same labeled patients.
 *
 * Units    points of Dice, that is Dice in percent; positive when `arm` is ahead of `reference`.
 * Why      with few labels the draw moves Dice more than the method does; only the difference within a draw is fair.
 * Verdict  "ahead" or "behind" takes a mean of at least `NOISE_POINTS` and every pair on the same side. It is a rule of
 *          thumb against reading too much into two or three draws, not a test of significance.
 */
import type { Study } from "@medssl/contract";
import { type Arm, armsOf } from "./arm.ts";
import { cellsAt, measuredFractions, type Spread, spread } from "./summary.ts";

/** Mean differences below this many points are called noise-level: a judgment for two or three draws, not measured. */
export const NOISE_POINTS = 0.7;

export type Verdict = "ahead" | "behind" | "noise" | "mixed";

export interface Pair {
  readonly draw: number;
  readonly points: number;
}

export interface Comparison {
  readonly arm: Arm;
  readonly reference: Arm;
  readonly fraction: number;
  readonly pairs: readonly Pair[];
  readonly points: Spread;
  /** Pairs in which the arm is ahead; a tie is not. */
  readonly won: number;
  readonly verdict: Verdict;
}

/** An arm against a reference, whatever the fraction. */
export interface Rivalry {
  readonly arm: Arm;
  readonly reference: Arm;
}

/** Compares two arms at one fraction; undefined when no draw has both. */
export function compare(study: Study, rivalry: Rivalry, fraction: number): Comparison | undefined {
  const references = cellsAt(study, rivalry.reference.id, fraction);
  const pairs = cellsAt(study, rivalry.arm.id, fraction).flatMap((cell) => {
    const reference = references.find((other) => other.draw === cell.draw);
    return reference === undefined
      ? []
      : [{ draw: cell.draw, points: (cell.scores.dice - reference.scores.dice) * 100 }];
  });
  if (pairs.length === 0) return undefined;
  const points = spread(pairs.map((pair) => pair.points));
  const won = pairs.filter((pair) => pair.points > 0).length;
  return { ...rivalry, fraction, pairs, points, won, verdict: judge(points) };
}

/**
 * Who is compared with whom: pre-trained arms with the same head from scratch, every arm with the U-Net, MIM+ACL with
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
    ...against((_, other) => other.method === "unet"),
    ...against((arm, other) => arm.method === "mim+acl" && other.method === "mim" && arm.head === other.head),
    ...against((arm, other) => arm.isVariant && !other.isVariant && arm.method === other.method),
  ];
}

export function comparisons(study: Study): Comparison[] {
  const fractions = measuredFractions(study);
  return rivalries(study).flatMap((rivalry) =>
    fractions.flatMap((fraction) => compare(study, rivalry, fraction) ?? []),
  );
}

/** Judged as printed, with one decimal: a printed 0.7 is never called less than 0.7. */
export function isNoise(points: number): boolean {
  return Math.round(Math.abs(points) * 10) / 10 < NOISE_POINTS;
}

function judge({ mean, min, max }: Spread): Verdict {
  if (isNoise(mean)) return "noise";
  if (min > 0) return "ahead";
  return max < 0 ? "behind" : "mixed";
}
