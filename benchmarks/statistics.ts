export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Between two values in proportion, as numpy's. @param share 0-1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  return low + (place % 1) * (sorted[Math.ceil(place)]! - low);
}

/** For a table. */
export const fixed = (value: number, digits: number): number => Number(value.toFixed(digits));
