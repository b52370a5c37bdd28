/**
 * A learning curve as a power law with an intercept: error(n) = floor + scale * n^-exponent.
 *
 * Fit      weighted least squares with Huber's loss, so that one unlucky draw does not bend the curve. For a given exponent floor
 *          and scale are linear and found exactly; the exponent is searched on a grid, then by golden section.
 * Bounds   floor >= 0 (no Dice above 1), scale >= 0 (more labels do not harm), exponent in `EXPONENTS`.
 * Source   Figueroa et al., "Predicting sample size required for classification performance" (2012); Hestness et al., "Deep
 *          learning scaling is predictable, empirically" (2017). The split of linear and nonlinear: Golub & Pereyra (1973).
 */

export interface CurvePoint {
  /** Annotated patients, above 0. */
  readonly count: number;
  /** 1 - Dice. */
  readonly error: number;
  /** Its standard deviation, above 0. */
  readonly deviation: number;
}

export interface PowerLaw {
  readonly floor: number;
  readonly scale: number;
  readonly exponent: number;
}

/** Smallest and largest exponent: learning curves that were published lie well inside. */
export const EXPONENTS = [0.05, 2.5] as const;
/** Deviations beyond which a residual counts by its size, not by its square: Huber's own choice. */
const HUBER = 1.345;
const GRID = 25;
const ROUNDS = 30;

export const errorAt = ({ floor, scale, exponent }: PowerLaw, count: number): number =>
  floor + scale * count ** -exponent;

/** The number of patients with which the error is reached; Infinity where the curve stays above it. */
export function countFor({ floor, scale, exponent }: PowerLaw, error: number): number {
  if (error <= floor) return Number.POSITIVE_INFINITY;
  return (scale / (error - floor)) ** (1 / exponent);
}

/** @param points Of at least three different counts. */
export function fitPowerLaw(points: readonly CurvePoint[]): PowerLaw {
  const [low, high] = EXPONENTS.map(Math.log) as [number, number];
  const step = (high - low) / (GRID - 1);
  const lossAt = (log: number) => fitLinear(points, Math.exp(log)).loss;
  let best = low;
  let bestLoss = Number.POSITIVE_INFINITY;
  for (let i = 0; i < GRID; i++) {
    const loss = lossAt(low + i * step);
    if (loss < bestLoss) [best, bestLoss] = [low + i * step, loss];
  }
  const exponent = Math.exp(goldenSection(lossAt, Math.max(low, best - step), Math.min(high, best + step)));
  const { floor, scale } = fitLinear(points, exponent);
  return { floor, scale, exponent };
}

/** Floor and scale for an exponent: reweighted until the weights stay, which is where Huber's loss is least. */
function fitLinear(points: readonly CurvePoint[], exponent: number): { floor: number; scale: number; loss: number } {
  const powers = Float64Array.from(points, ({ count }) => count ** -exponent);
  const weights = new Float64Array(points.length).fill(1);
  let line = { floor: 0, scale: 0 };
  let loss = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const next = boundedLine(points, powers, weights);
    const change = Math.abs(next.floor - line.floor) + Math.abs(next.scale - line.scale);
    line = next;
    loss = 0;
    let isSettled = true;
    for (let i = 0; i < points.length; i++) {
      const { error, deviation } = points[i]!;
      const size = Math.abs(error - line.floor - line.scale * powers[i]!) / deviation;
      loss += size <= HUBER ? 0.5 * size * size : HUBER * (size - 0.5 * HUBER);
      const weight = size <= HUBER ? 1 : HUBER / size;
      isSettled &&= weight === weights[i];
      weights[i] = weight;
    }
    if (isSettled || change < 1e-10) break;
  }
  return { ...line, loss };
}

/** The weighted least squares line through (power, error), its two numbers not below 0. */
function boundedLine(points: readonly CurvePoint[], powers: Float64Array, weights: Float64Array) {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < points.length; i++) {
    const { error, deviation } = points[i]!;
    const weight = weights[i]! / (deviation * deviation);
    const x = powers[i]!;
    w += weight;
    wx += weight * x;
    wy += weight * error;
    wxx += weight * x * x;
    wxy += weight * x * error;
  }
  const determinant = w * wxx - wx * wx;
  const scale = determinant > 1e-14 * w * wxx ? (w * wxy - wx * wy) / determinant : 0;
  const floor = (wy - scale * wx) / w;
  if (scale < 0) return { floor: wy / w, scale: 0 };
  if (floor < 0) return { floor: 0, scale: Math.max(0, wxy / wxx) };
  return { floor, scale };
}

function goldenSection(lossAt: (at: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [leftLoss, rightLoss] = [lossAt(left), lossAt(right)];
  while (high - low > 1e-6) {
    if (leftLoss < rightLoss) {
      [high, right, rightLoss] = [right, left, leftLoss];
      left = high - ratio * (high - low);
      leftLoss = lossAt(left);
    } else {
      [low, left, leftLoss] = [left, right, rightLoss];
      right = low + ratio * (high - low);
      rightLoss = lossAt(right);
    }
  }
  return (low + high) / 2;
}
