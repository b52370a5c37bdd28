/**
 * The normal distribution's upper tail.
 *
 * Source   erfc by its Taylor series near zero and its continued fraction beyond: Abramowitz & Stegun 7.1.6, 7.1.14.
 */

/** P(Z > z) of a standard normal Z, to about 14 digits. */
export function normalTail(z: number): number {
  return z < 0 ? 1 - normalTail(-z) : erfc(z / Math.SQRT2) / 2;
}

/** @param x At least 0 */
function erfc(x: number): number {
  return x < 2 ? 1 - erfSeries(x) : erfcFraction(x);
}

/** erf(x) = 2 / sqrt(pi) exp(-x^2) sum 2^n x^(2n + 1) / (2n + 1)!!: no terms of two signs, hence no cancellation. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + ...))), from the inside out. */
function erfcFraction(x: number): number {
  let denominator = x;
  for (let n = 80; n >= 1; n--) denominator = x + n / 2 / denominator;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / denominator;
}
