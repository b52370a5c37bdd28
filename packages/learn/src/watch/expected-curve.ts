/**
 * What a recipe's numbers were when it was measured, and whether a run's are like them.
 *
 * Files    recipes/expected/NAME.json: settings, and for each method the ranges of its metrics at a few steps. A file speaks
 *          of the runs that have its settings, whatever their recipe is called; with others there is nothing to compare.
 * Ranges   wide enough for another seed and another pool of the same kind of images; other images have other ranges.
 * Numbers  a metric at a step is its mean over the `windowSteps` steps up to it, about an epoch.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { PretrainRecipe } from "@medssl/contract";
import type { MetricsLine } from "../training/run-directory.ts";

/** Where a metric should be after so many steps. */
export interface ExpectedPoint {
  readonly step: number;
  readonly metric: string;
  readonly low: number;
  readonly high: number;
}

export interface ExpectedCurve {
  /** What the ranges were measured on, for a sentence. */
  readonly measuredOn: string;
  readonly windowSteps: number;
  /** First and last step at which reconstruction left its plateau. */
  readonly plateauLeftBySteps: readonly [number, number];
  /** In the order of steps. */
  readonly points: readonly ExpectedPoint[];
}

interface ExpectedFile extends Pick<ExpectedCurve, "measuredOn" | "windowSteps"> {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly methods: Readonly<Record<string, Pick<ExpectedCurve, "plateauLeftBySteps" | "points">>>;
}

export type Verdict = "within" | "above" | "below";

export interface ComparedPoint extends ExpectedPoint {
  readonly seen: number;
  readonly verdict: Verdict;
}

const folder = new URL("../recipes/expected/", import.meta.url);

/** The curve of the file whose settings the recipe has; undefined where there is none. */
export function expectedCurve(recipe: PretrainRecipe): ExpectedCurve | undefined {
  for (const name of readdirSync(folder).sort()) {
    const file: ExpectedFile = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
    const { settings, methods, measuredOn, windowSteps } = file;
    const curve = methods[recipe.method];
    if (curve !== undefined && includes(recipe, settings)) return { measuredOn, windowSteps, ...curve };
  }
  return undefined;
}

/** Whether `whole` has all that `part` has, in objects within objects too. */
function includes(whole: unknown, part: unknown): boolean {
  if (typeof part !== "object" || part === null) return whole === part;
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([key, value]) => includes((whole as Record<string, unknown>)[key], value));
}

/** The points that the run has reached. */
export function compareWithExpected(
  lines: readonly MetricsLine[],
  { points, windowSteps }: Pick<ExpectedCurve, "points" | "windowSteps">,
): ComparedPoint[] {
  const lastStep = lines.at(-1)?.step ?? 0;
  return points.flatMap((point): ComparedPoint[] => {
    const { step, metric, low, high } = point;
    const values = lines.flatMap((line) => {
      const value = line[metric];
      return line.step > step - windowSteps && line.step <= step && Number.isFinite(value) ? [value!] : [];
    });
    if (step > lastStep || values.length === 0) return [];
    const seen = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [{ ...point, seen, verdict: seen < low ? "below" : seen > high ? "above" : "within" }];
  });
}

/** "mim 0.871 at step 85: within the range of 0.82 to 0.94". */
export function comparisonText({ step, metric, low, high, seen, verdict }: ComparedPoint): string {
  return `${metric} ${numberText(seen)} at step ${step}: ${verdict} the range of ${low} to ${high}`;
}

/** Three digits: 0.871, 5.36, 1230. */
export const numberText = (value: number): string => String(Number(value.toPrecision(3)));
