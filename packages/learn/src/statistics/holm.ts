/**
 * Holm's correction for a family of tests: the chance that any of its true null hypotheses is rejected stays below the
 * level, whatever the tests have to do with each other.
 *
 * Source   Holm, Scandinavian Journal of Statistics 6:65 (1979).
 */

/** p-values corrected for their number, in their order: to be compared with the level itself. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected = new Array<number>(pValues.length);
  let highest = 0;
  for (const [i, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues.length - i) * pValues[index]!));
    corrected[index] = highest;
  }
  return corrected;
}
