/**
 * A panel of paired differences: for each fraction and arm a dot a draw, the mean, and its 95% interval.
 *
 * Marks    the mean is filled where the difference is clear (comparison.ts) and hollow where it is not.
 * Range    an interval that is far wider than the draws are apart is cut at the panel's edge: its length is in the table.
 */
import * as Plot from "@observablehq/plot";
import type { Arm } from "../arm.ts";
import type { Comparison } from "../comparison.ts";
import { intervalText, points, pText } from "../number-format.ts";
import { colorOf, type FigureStyle, FONT_SIZE, type Panel, panel, symbolOf } from "./figure.ts";

/** Pixels between the arms at one fraction. */
const ARM_GAP = 13;

export interface GainGroup {
  readonly title: string;
  readonly rows: readonly Comparison[];
}

/** Shared by panels side by side: from the draws, and intervals as far as twice their reach. */
export function gainDomain(groups: readonly GainGroup[]): [number, number] {
  const rows = groups.flatMap((group) => group.rows);
  const dots = rows.flatMap(({ pairs }) => pairs.map((pair) => pair.points));
  const [low, high] = [Math.min(-1, ...dots), Math.max(1, ...dots)];
  const reach = high - low;
  const ends = [
    Math.min(low, ...rows.map(({ interval }) => interval.low)),
    Math.max(high, ...rows.map(({ interval }) => interval.high)),
  ];
  return [Math.max(ends[0]!, low - reach) - 0.05 * reach, Math.min(ends[1]!, high + reach) + 0.05 * reach];
}

export function gainsPanel(
  style: FigureStyle,
  { title, rows }: GainGroup,
  arms: readonly Arm[],
  y: [number, number],
  width: number,
): Panel {
  const { palette } = style;
  const present = arms.filter((arm) => rows.some((row) => row.arm.id === arm.id));
  return panel({
    width,
    height: 290,
    marginTop: 30,
    marginBottom: 30,
    marginLeft: 40,
    marginRight: 12,
    x: { type: "band", domain: [...new Set(rows.map((row) => `${row.fraction}%`))] },
    y: { domain: y },
    marks: [
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 6 }),
      Plot.ruleY([0], { stroke: palette.muted }),
      Plot.axisY({ ticks: 6, tickSize: 0, label: null, fill: palette.muted, tickFormat: wholePoints }),
      Plot.axisX({ tickSize: 0, label: null }),
      Plot.text([title], { frameAnchor: "top-left", dy: -24, fontSize: FONT_SIZE + 0.5, fontWeight: 600 }),
      ...present.flatMap((arm, i) =>
        armMarks(
          style,
          rows.filter((row) => row.arm.id === arm.id),
          y,
          (i - (present.length - 1) / 2) * ARM_GAP,
        ),
      ),
    ],
  });
}

/** One arm's draws, means and intervals, `dx` pixels beside the middle of each fraction. */
function armMarks(
  style: FigureStyle,
  rows: readonly Comparison[],
  [low, high]: [number, number],
  dx: number,
): Plot.Markish[] {
  const arm = rows[0]!.arm;
  const color = colorOf(style, arm);
  const within = (value: number) => Math.min(high, Math.max(low, value));
  const fractionOf = ({ fraction }: { readonly fraction: number }) => `${fraction}%`;
  const dots = rows.flatMap(({ fraction, pairs }) =>
    pairs.length > 1 ? pairs.map((pair) => ({ ...pair, fraction })) : [],
  );
  return [
    Plot.ruleX(rows, {
      x: fractionOf,
      y1: ({ interval }: Comparison) => within(interval.low),
      y2: ({ interval }: Comparison) => within(interval.high),
      stroke: color,
      strokeWidth: 2,
      dx,
    }),
    Plot.dot(dots, { x: fractionOf, y: "points", r: 1.9, fill: style.palette.ink, fillOpacity: 0.55, dx }),
    Plot.dot(rows, {
      x: fractionOf,
      y: "mean",
      r: 4,
      symbol: symbolOf(arm),
      fill: ({ verdict }: Comparison) => (verdict === "ahead" || verdict === "behind" ? color : style.palette.paper),
      stroke: color,
      strokeWidth: 2,
      dx,
      title: ({ reference, fraction, mean, interval, corrected }: Comparison) =>
        `${arm.name} against ${reference.name}, ${fraction}%: ${points(mean)} points, ${intervalText(interval)}, ${pText(corrected)}`,
    }),
  ];
}

function wholePoints(value: number): string {
  return value === 0 ? "0" : points(value).replace(".0", "");
}
