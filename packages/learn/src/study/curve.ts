import type { CurvePoint } from "@medssl/contract";
import { readMetrics } from "../training/run-directory.ts";

/** Points that a curve of the report has. */
const POINTS = 100;

/** The course of a run: at most a hundred points, each the mean over the steps since the one before. */
export function sampledCurve(dir: string): CurvePoint[] {
  const lines = readMetrics(dir);
  const count = Math.min(POINTS, lines.length);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * lines.length) / count);
    const part = lines.slice(from, Math.floor(((i + 1) * lines.length) / count));
    const { step, ...last } = part.at(-1)!;
    const mean = (name: string) => part.reduce((sum, line) => sum + (line[name] ?? Number.NaN), 0) / part.length;
    return { step, values: Object.fromEntries(Object.keys(last).map((name) => [name, mean(name)])) };
  });
}
