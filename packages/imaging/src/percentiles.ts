/**
 * Percentiles of grey values: the range that a picture really uses.
 *
 * Rank     the value of rank ceil(percent / 100 * (count - 1)) in order of size: always one that occurs (numpy's method
 *          "higher").
 * Counted  everything but NaN, infinities and the padding.
 * Exact    for integers of 8 and 16 bits, by histogram. Others are sorted, and where there are more than `MOST_SORTED`, every
 *          k-th of them only, k odd so that no column of an image is missed.
 * Cost     linear; sorting a sample takes 0.1 s at most.
 */

import type { Samples } from "./scan.ts";

const MOST_SORTED = 2 ** 20;

/**
 * @param percents Each 0 to 100.
 * @param padding The value that scanners write where they measured nothing.
 * @returns One value for each of `percents`; NaN where nothing is counted.
 */
export function percentiles(data: Samples, percents: readonly number[], padding?: number): number[] {
  if (data.BYTES_PER_ELEMENT <= 2) return fromHistogram(data, percents, padding);
  const sorted = sortedSample(data, padding);
  return percents.map((percent) => sorted[rankOf(percent, sorted.length)] ?? Number.NaN);
}

function rankOf(percent: number, count: number): number {
  return Math.ceil((percent / 100) * (count - 1));
}

function fromHistogram(data: Samples, percents: readonly number[], padding: number | undefined): number[] {
  const isSigned = data instanceof Int8Array || data instanceof Int16Array;
  const bins = 2 ** (8 * data.BYTES_PER_ELEMENT);
  const offset = isSigned ? bins / 2 : 0;
  const counts = new Uint32Array(bins);
  for (let i = 0; i < data.length; i++) counts[data[i]! + offset]!++;
  let total = data.length;
  if (padding !== undefined) {
    total -= counts[padding + offset] ?? 0;
    counts[padding + offset] = 0;
  }
  if (total === 0) return percents.map(() => Number.NaN);
  return percents.map((percent) => {
    const rank = rankOf(percent, total);
    let passed = -1;
    let bin = -1;
    while (passed < rank) passed += counts[++bin]!;
    return bin - offset;
  });
}

function sortedSample(data: Samples, padding: number | undefined): Float64Array {
  const step = Math.ceil(data.length / MOST_SORTED) | 1;
  const sample = new Float64Array(Math.ceil(data.length / step));
  let count = 0;
  for (let i = 0; i < data.length; i += step) {
    const value = data[i]!;
    if (Number.isFinite(value) && value !== padding) sample[count++] = value;
  }
  return sample.subarray(0, count).sort();
}
