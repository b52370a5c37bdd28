/**
 * How two images of the same part of the body lie over one another: a scale and a shift for each axis.
 *
 * Films differ by field of view and size of the body before they differ by anatomy. With the target's crops cut where they
 * show what the query's crops show, only anatomy is left to be searched for.
 *
 * Units   places in image sides; target = scale * query + shift.
 * Fit     of matched places, by reweighted least squares (Cauchy's weights): a match that is far off counts little.
 */
import type { Place } from "@medssl/imaging";

export interface AxisAlignment {
  readonly scale: number;
  readonly shift: number;
}

export interface Alignment {
  readonly x: AxisAlignment;
  readonly y: AxisAlignment;
}

export const UNALIGNED: Alignment = { x: { scale: 1, shift: 0 }, y: { scale: 1, shift: 0 } };

/** Where a place of the query image lies in the target. */
export const alignPlace = ({ x, y }: Alignment, place: Place): Place => ({
  x: x.scale * place.x + x.shift,
  y: y.scale * place.y + y.shift,
});

/** The alignment that first does `inner` and then `outer`. */
export const composeAlignments = (outer: Alignment, inner: Alignment): Alignment => ({
  x: composeAxes(outer.x, inner.x),
  y: composeAxes(outer.y, inner.y),
});

const composeAxes = (outer: AxisAlignment, inner: AxisAlignment): AxisAlignment => ({
  scale: outer.scale * inner.scale,
  shift: outer.scale * inner.shift + outer.shift,
});

export interface Match {
  readonly query: Place;
  readonly target: Place;
}

export const fitAlignment = (matches: readonly Match[]): Alignment => ({
  x: fitAxis(matches.map(({ query, target }) => [query.x, target.x])),
  y: fitAxis(matches.map(({ query, target }) => [query.y, target.y])),
});

/** A match this far off counts half. */
const HALF_WEIGHT = 0.03;
/** Images of one part of the body differ less than this in size. */
const LARGEST_SCALE = 1.7;
const ROUNDS = 10;

function fitAxis(pairs: readonly (readonly [from: number, to: number])[]): AxisAlignment {
  let fitted: AxisAlignment = { scale: 1, shift: 0 };
  let weights = pairs.map(() => 1);
  for (let round = 0; round < ROUNDS; round++) {
    fitted = weightedLine(pairs, weights);
    weights = pairs.map(([from, to]) => 1 / (1 + ((to - fitted.scale * from - fitted.shift) / HALF_WEIGHT) ** 2));
  }
  return fitted;
}

function weightedLine(
  pairs: readonly (readonly [from: number, to: number])[],
  weights: readonly number[],
): AxisAlignment {
  const sum = (of: (from: number, to: number) => number) =>
    pairs.reduce((total, [from, to], i) => total + weights[i]! * of(from, to), 0);
  const total = sum(() => 1);
  const [meanFrom, meanTo] = [sum((from) => from) / total, sum((_, to) => to) / total];
  const variance = sum((from) => (from - meanFrom) ** 2);
  const slope = sum((from, to) => (from - meanFrom) * (to - meanTo)) / variance;
  const scale = Math.max(1 / LARGEST_SCALE, Math.min(LARGEST_SCALE, slope));
  return { scale, shift: meanTo - scale * meanFrom };
}
