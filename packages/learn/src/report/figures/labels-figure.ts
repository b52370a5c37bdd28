/**
 * Figure 2: Dice against the percentage of annotations, one line an arm through the means of its draws, with 95% intervals.
 *
 * Range    the axis shows the draws and intervals as far as twice their reach: two draws of few labels make wide ones.
 */

import type { Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Arm, armsOf } from "../arm.ts";
import { meanInterval } from "../comparison.ts";
import { percent } from "../number-format.ts";
import { cellsAt, labelCount, measuredFractions, summarize } from "../summary.ts";
import {
  colorOf,
  compose,
  dashOf,
  type Figure,
  type FigureStyle,
  NARROW,
  panel,
  symbolOf,
  textWidth,
} from "./figure.ts";

/** Pixels between two labels at the line ends. */
const LABEL_GAP = 17;

interface Point {
  readonly arm: Arm;
  readonly fraction: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Returns undefined with a single fraction: there is no line to draw. */
export function labelsFigure(study: Study): Figure | undefined {
  const fractions = measuredFractions(study);
  if (fractions.length < 2) return undefined;
  const arms = armsOf(study);
  const points = arms.flatMap((arm) =>
    fractions.flatMap((fraction): Point[] => {
      const dice = summarize(study, arm.id, fraction)?.dice;
      if (dice === undefined) return [];
      const { low, high } = meanInterval(study, arm.id, fraction) ?? { low: dice.mean, high: dice.mean };
      return [{ arm, fraction, mean: dice.mean * 100, low: low * 100, high: high * 100 }];
    }),
  );
  const dots = arms.flatMap((arm) =>
    fractions.flatMap((fraction) =>
      cellsAt(study, arm.id, fraction).map((cell) => ({
        arm,
        fraction,
        dice: cell.scores.dice * 100,
        text: `${arm.name}, ${fraction}%, draw ${cell.draw}: ${percent(cell.scores.dice)}`,
      })),
    ),
  );
  const images = new Map(fractions.map((fraction) => [fraction, labelCount(study, fraction)!.images.mean]));
  return {
    name: "figure-2",
    title: "Figure 2",
    caption:
      "Test Dice against the percentage of annotated patients (logarithmic axis; below it, the number of labeled images). " +
      "Lines join the means over the draws, small dots are single draws, bars are 95% intervals of the mean: of other test patients and, where " +
      "there is more than one draw, of other labeled patients. Whether two arms differ is told by paired differences, not by these.",
    draw: (style) => {
      const isNarrow = style.width < NARROW;
      const plot = curvePanel(style, points, dots, images);
      return compose(style, [plot], 1, isNarrow ? arms : []);
    },
  };
}

function curvePanel(
  style: FigureStyle,
  points: readonly Point[],
  dots: readonly { arm: Arm; fraction: number; dice: number; text: string }[],
  images: ReadonlyMap<number, number>,
) {
  const { palette, width } = style;
  const isNarrow = width < NARROW;
  const ends = lastPoints(points);
  const arms = [...new Set(points.map((point) => point.arm))];
  const height = isNarrow ? 320 : 420;
  const margins = {
    marginTop: 26,
    marginBottom: 58,
    marginLeft: 40,
    marginRight: isNarrow ? 14 : Math.max(...ends.map(({ arm }) => textWidth(arm.name))) + 62,
  };
  const fractions = [...images.keys()];
  const values = dots.map((dot) => dot.dice);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const reach = Math.max(1, highest - lowest);
  const y: [number, number] = [
    Math.max(0, lowest - reach, Math.min(lowest, ...points.map(({ low }) => low)) - 0.06 * reach),
    Math.min(100, highest + reach, Math.max(highest, ...points.map(({ high }) => high)) + 0.06 * reach),
  ];
  /** Arms beside one another, so that their bars can be told apart. */
  const beside = (arm: Arm) => (arms.indexOf(arm) - (arms.length - 1) / 2) * (isNarrow ? 3 : 5);
  const x: [number, number] = [fractions[0]! / 1.25, fractions.at(-1)! * 1.25];
  const toPixel = (value: number) =>
    margins.marginTop + ((y[1] - value) / (y[1] - y[0])) * (height - margins.marginTop - margins.marginBottom);
  const labelTops = spreadOut(
    ends.map(({ mean }) => toPixel(mean)),
    LABEL_GAP,
  );

  return panel({
    width,
    height,
    ...margins,
    x: { type: "log", domain: x, axis: null },
    y: { domain: y },
    marks: [
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 6 }),
      Plot.axisY({ ticks: 6, tickSize: 0, label: null, fill: palette.muted }),
      Plot.text(fractions, {
        x: (fraction: number) => fraction,
        text: (fraction: number) => `${fraction}%\n${Math.round(images.get(fraction)!).toLocaleString("en-US")}`,
        frameAnchor: "bottom",
        lineAnchor: "top",
        dy: 8,
        lineHeight: 1.25,
      }),
      Plot.text(["Dice on test cases, %"], { frameAnchor: "top-left", dx: -36, dy: -22, fill: palette.muted }),
      Plot.text(["annotated patients, and labeled images"], { frameAnchor: "bottom", dy: 54, fill: palette.muted }),
      ...arms.flatMap((arm) => {
        const own = points.filter((point) => point.arm === arm);
        const [color, dx] = [colorOf(style, arm), beside(arm)];
        return [
          Plot.lineY(own, {
            x: "fraction",
            y: "mean",
            stroke: color,
            strokeWidth: 2,
            strokeDasharray: dashOf(arm),
            dx,
          }),
          Plot.ruleX(own, {
            x: "fraction",
            y1: (point: Point) => Math.max(y[0], point.low),
            y2: (point: Point) => Math.min(y[1], point.high),
            stroke: color,
            strokeWidth: 1.6,
            dx,
          }),
          Plot.dot(
            dots.filter((dot) => dot.arm === arm),
            { x: "fraction", y: "dice", r: 1.8, fill: palette.ink, fillOpacity: 0.5, title: "text", dx },
          ),
          Plot.dot(own, {
            x: "fraction",
            y: "mean",
            r: 4,
            symbol: symbolOf(arm),
            fill: color,
            stroke: palette.paper,
            strokeWidth: 1,
            dx,
          }),
        ];
      }),
      ...(isNarrow ? [] : endLabels(style, ends, labelTops, toPixel)),
    ],
  });
}

/** The arm's name and mean beside its last point, moved up or down where labels would overlap. */
function endLabels(
  style: FigureStyle,
  ends: readonly Point[],
  tops: readonly number[],
  toPixel: (value: number) => number,
): Plot.Markish[] {
  return ends.map((end, i) =>
    Plot.text([end], {
      y: "mean",
      frameAnchor: "right",
      textAnchor: "start",
      dx: 8,
      dy: tops[i]! - toPixel(end.mean),
      text: () => `${end.arm.name}\u2002${percent(end.mean / 100)}`,
      fill: colorOf(style, end.arm),
      fontWeight: 600,
      fontVariant: "tabular-nums",
    }),
  );
}

/** The last point of each arm, highest first. */
function lastPoints(points: readonly Point[]): Point[] {
  const last = new Map(points.map((point) => [point.arm, point]));
  return [...last.values()].sort((a, b) => b.mean - a.mean);
}

/** Moves sorted positions apart to at least `gap`, keeping their middle. */
function spreadOut(sorted: readonly number[], gap: number): number[] {
  const placed: number[] = [];
  for (const position of sorted) placed.push(Math.max(position, (placed.at(-1) ?? Number.NEGATIVE_INFINITY) + gap));
  const shift = sorted.reduce((sum, position, i) => sum + placed[i]! - position, 0) / Math.max(1, sorted.length);
  return placed.map((position) => position - shift);
}
