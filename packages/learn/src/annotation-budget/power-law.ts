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
const GRID = 50;
const ROUNDS = 30;

export const errorAt = ({ floor, scale, exponent }: PowerLaw, count: number): number => floor + scale * count ** -exponent;

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
  const powers = points.map(({ count }) => count ** -exponent);
  const residual = (i: number, floor: number, scale: number) =>
    (points[i]!.error - floor - scale * powers[i]!) / points[i]!.deviation;
  let weights = points.map(() => 1);
  let line = { floor: 0, scale: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const next = boundedLine(points, powers, weights);
    const change = Math.abs(next.floor - line.floor) + Math.abs(next.scale - line.scale);
    line = next;
    const before = weights;
    weights = points.map((_, i) => Math.min(1, HUBER / Math.max(Math.abs(residual(i, line.floor, line.scale)), 1e-12)));
    if (change < 1e-12 || weights.every((weight, i) => weight === before[i])) break;
  }
  const loss = points.reduce((sum, _, i) => sum + huber(residual(i, line.floor, line.scale)), 0);
  return { ...line, loss };
}

const huber = (residual: number): number => {
  const size = Math.abs(residual);
  return size <= HUBER ? 0.5 * size ** 2 : HUBER * (size - 0.5 * HUBER);
};

/** The weighted least squares line through (power, error), its two numbers not below 0. */
function boundedLine(points: readonly CurvePoint[], powers: readonly number[], weights: readonly number[]) {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (const [i, { error, deviation }] of points.entries()) {
    const weight = weights[i]! / deviation ** 2;
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
  while (high - low > 1e-7) {
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
