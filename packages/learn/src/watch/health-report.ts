/**
 * How a run went, for `health.json` and for a person: each known range and whether it was met, how the other metrics ended,
 * and what was warned of.
 */
import type { MetricsLine } from "../training/run-directory.ts";
import { compareWithExpected, type ExpectedCurve, numberText, type Verdict } from "./expected-curve.ts";
import { average } from "./metric-blocks.ts";
import type { HealthNote } from "./run-monitor.ts";

export interface HealthRow {
  readonly metric: string;
  readonly step: number;
  /** Mean over some steps up to that one. */
  readonly seen: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Null where no range is known. */
  readonly verdict: Verdict | null;
}

export interface HealthReport {
  readonly version: 1;
  /** A sentence. */
  readonly verdict: string;
  /** What the ranges were measured on; null where none are known for these settings. */
  readonly measuredOn: string | null;
  readonly rows: readonly HealthRow[];
  readonly warnings: readonly HealthNote[];
}

export interface HealthReportOptions {
  readonly expected?: ExpectedCurve | undefined;
  readonly warnings: readonly HealthNote[];
}

/** Steps at the end over which a metric without a range is averaged. */
const END_STEPS = 10;
/** Not what the network has learnt. */
const NO_HEALTH = new Set(["step", "lr", "epoch", "seconds"]);

export function healthReport(lines: readonly MetricsLine[], { expected, warnings }: HealthReportOptions): HealthReport {
  const compared: HealthRow[] = expected === undefined ? [] : compareWithExpected(lines, expected);
  const lastStep = lines.at(-1)?.step ?? 0;
  const known = new Set(compared.flatMap(({ metric, step }) => (step === lastStep ? [metric] : [])));
  const others = Object.keys(lines.at(-1) ?? {}).filter((metric) => !NO_HEALTH.has(metric) && !known.has(metric));
  const ends = others.flatMap((metric): HealthRow[] => {
    const values = lines.slice(-END_STEPS).flatMap((line) => (Number.isFinite(line[metric]) ? [line[metric]!] : []));
    if (values.length === 0) return [];
    return [{ metric, step: lastStep, seen: average(values), low: null, high: null, verdict: null }];
  });
  const measuredOn = expected?.measuredOn ?? null;
  return { version: 1, verdict: verdictOf(compared, warnings), measuredOn, rows: [...compared, ...ends], warnings };
}

function verdictOf(compared: readonly HealthRow[], warnings: readonly HealthNote[]): string {
  const met = compared.filter(({ verdict }) => verdict === "within").length;
  const ranges =
    compared.length === 0
      ? "no ranges are known for these settings"
      : `${met} of ${compared.length} ranges of the recipe were met`;
  if (warnings.length === 0) return `No warning; ${ranges}.`;
  const names = [...new Set(warnings.map(({ id }) => id))].join(", ");
  return `${warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`} (${names}); ${ranges}.`;
}

/** The report as lines of text, its columns under one another. */
export function healthTable({ verdict, measuredOn, rows, warnings }: HealthReport): string {
  const cells = rows.map(({ metric, step, seen, low, high, verdict: place }) => {
    const range = low === null || high === null ? "" : `${low} to ${high}`;
    return [metric, String(step), numberText(seen), range, place ?? ""];
  });
  const table = [["metric", "step", "seen", "expected", "verdict"], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  const source = measuredOn === null ? [] : [`Expected: what the recipe did on ${measuredOn}.`];
  return [...lines, "", verdict, ...source, ...warnings.map(({ message }) => `Warning: ${message}`), ""].join("\n");
}
