/**
 * Wilcoxon's signed-rank test of paired differences, and the two effect sizes that are told with it.
 *
 * Zeros     are left out, as Wilcoxon did and scipy's `zero_method="wilcox"` does; n is what remains.
 * Exact     with up to 50 differences that have no zeros and no ties among their sizes: all 2^n signs are counted.
 * Else      the normal approximation with its variance corrected for ties, without correction for continuity: as scipy.
 * Sides     two.
 * Source    Wilcoxon, Biometrics Bulletin 1:80 (1945); rank-biserial correlation: Kerby, Comprehensive Psychology 3 (2014);
 *           d_z: Cohen, "Statistical Power Analysis" (1988).
 */
import { normalTail } from "./normal.ts";

const MAX_EXACT = 50;

export interface SignedRankTest {
  /** Two-sided; 1 when every difference is zero. */
  readonly p: number;
  /** Sums of the ranks of positive and of negative differences. */
  readonly positiveRanks: number;
  readonly negativeRanks: number;
  /** Differences that are not zero. */
  readonly count: number;
  readonly isExact: boolean;
}

export function signedRankTest(differences: Float64Array): SignedRankTest {
  const nonzero = differences.filter((value) => value !== 0);
  const { ranks, tieTerm } = rankSizes(nonzero);
  const n = nonzero.length;
  const total = (n * (n + 1)) / 2;
  const positiveRanks = ranks.reduce((sum, rank, i) => (nonzero[i]! > 0 ? sum + rank : sum), 0);
  const isExact = n <= MAX_EXACT && tieTerm === 0 && n === differences.length;
  const result = { positiveRanks, negativeRanks: total - positiveRanks, count: n, isExact };
  if (n === 0) return { ...result, p: 1 };
  if (isExact) return { ...result, p: exactP(n, positiveRanks) };
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - tieTerm / 48;
  return { ...result, p: 2 * normalTail(Math.abs(positiveRanks - total / 2) / Math.sqrt(variance)) };
}

/** (W+ - W-) / (W+ + W-): 1 when every difference is positive, -1 when every one is negative, 0 when they balance. */
export function rankBiserial({ positiveRanks, negativeRanks }: SignedRankTest): number {
  const total = positiveRanks + negativeRanks;
  return total === 0 ? 0 : (positiveRanks - negativeRanks) / total;
}

/** Cohen's d_z: the mean of the differences in their standard deviations; NaN where they do not vary. */
export function cohenDz(differences: Float64Array): number {
  const n = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / n;
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return squares === 0 ? Number.NaN : mean / Math.sqrt(squares / (n - 1));
}

/** Ranks of the absolute values from 1, equal ones sharing their mean; and sum of t^3 - t over groups of t equal ones. */
function rankSizes(values: Float64Array): { ranks: Float64Array; tieTerm: number } {
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!));
  const ranks = new Float64Array(values.length);
  let tieTerm = 0;
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && Math.abs(values[order[end]!]!) === Math.abs(values[order[first]!]!)) end++;
    for (let i = first; i < end; i++) ranks[order[i]!] = (first + 1 + end) / 2;
    const size = end - first;
    tieTerm += size ** 3 - size;
    first = end;
  }
  return { ranks, tieTerm };
}

/** Twice the smaller tail of the sum of positive ranks, over all 2^n signs of the ranks 1..n. */
function exactP(n: number, positiveRanks: number): number {
  const total = (n * (n + 1)) / 2;
  const shares = new Float64Array(total + 1);
  shares[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = total; sum >= 0; sum--) shares[sum] = (shares[sum]! + (sum >= rank ? shares[sum - rank]! : 0)) / 2;
  }
  const tail = Math.min(positiveRanks, total - positiveRanks);
  return Math.min(1, 2 * shares.subarray(0, tail + 1).reduce((sum, share) => sum + share, 0));
}
