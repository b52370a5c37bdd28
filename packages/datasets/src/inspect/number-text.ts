import type { Range } from "./inspection.ts";

/** Three figures at the least: 0.703, 1.5, 114, 2,544. */
export function decimalText(value: number): string {
  const digits = Math.abs(value) < 1 ? 3 : Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** "512", "0.6-0.9"; with "to" where a minus sign would be misread. */
export function rangeText([low, high]: Range): string {
  const [from, until] = [decimalText(low), decimalText(high)];
  return from === until ? from : low < 0 ? `${from} to ${until}` : `${from}-${until}`;
}

/** "25.9 %", "< 0.1 %". */
export function percentText(share: number): string {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.1 || share > 0.999 ? 1 : 0).replace(/\.0$/, "")} %`;
}
