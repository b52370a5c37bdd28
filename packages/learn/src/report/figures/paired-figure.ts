/**
 * Figure 3: what is gained over the same network from scratch and over the U-Net, draw by draw.
 *
 * The band around zero is `NOISE_POINTS` wide on both sides: dots inside it tell nothing.
 */

import type { Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Arm, armsOf } from "../arm.ts";
import { type Comparison, comparisons, NOISE_POINTS } from "../comparison.ts";
import { points } from "../number-format.ts";
import {
  colorOf,
  compose,
  dashOf,
  type Figure,
  type FigureStyle,
  FONT_SIZE,
  NARROW,
  panel,
  symbolOf,
} from "./figure.ts";

/** Pixels between the arms at one fraction. */
const ARM_GAP = 11;

/** Returns undefined when no arm has a partner in any draw. */
export function pairedFigure(study: Study): Figure | undefined {
  const all = comparisons(study);
  const groups = [
    {
      title: "Dice points over scratch",
      rows: all.filter(({ arm, reference }) => reference.method === "scratch" && arm.head === reference.head),
    },
    { title: "Dice points over the U-Net", rows: all.filter(({ reference }) => reference.method === "unet") },
  ];
  const drawn = groups.filter(({ rows }) => rows.length > 0);
  if (drawn.length === 0) return undefined;
  const arms = armsOf(study).filter((arm) => drawn.some(({ rows }) => rows.some((row) => row.arm.id === arm.id)));
  const values = drawn.flatMap(({ rows }) => rows.flatMap(({ pairs }) => pairs.map((pair) => pair.points)));
  const y: [number, number] = [Math.min(-1.5, ...values) - 0.3, Math.max(1.5, ...values) + 0.3];

  return {
    name: "figure-3",
    title: "Figure 3",
    caption:
      "Paired differences in Dice points: two arms trained on the same labeled patients; scratch is the same network from random weights. Dots are draws, thick " +
      `ticks their mean. The gray band marks \u00b1${NOISE_POINTS} points, which we call noise.`,
    draw: (style) => {
      const columns = style.width < NARROW ? 1 : drawn.length;
      const panels = drawn.map(({ title, rows }) => pairedPanel(style, title, rows, arms, y, style.width / columns));
      return compose(style, panels, columns, arms);
    },
  };
}

function pairedPanel(
  style: FigureStyle,
  title: string,
  rows: readonly Comparison[],
  arms: readonly Arm[],
  y: [number, number],
  width: number,
) {
  const { palette } = style;
  const fractions = [...new Set(rows.map((row) => `${row.fraction}%`))];
  const present = arms.filter((arm) => rows.some((row) => row.arm.id === arm.id));
  return panel({
    width,
    height: 290,
    marginTop: 30,
    marginBottom: 30,
    marginLeft: 40,
    marginRight: 12,
    x: { type: "band", domain: fractions },
    y: { domain: y },
    marks: [
      Plot.rectY([0], { y1: -NOISE_POINTS, y2: NOISE_POINTS, fill: palette.faint, fillOpacity: 0.6 }),
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 6 }),
      Plot.ruleY([0], { stroke: palette.muted }),
      Plot.axisY({ ticks: 6, tickSize: 0, label: null, fill: palette.muted, tickFormat: wholePoints }),
      Plot.axisX({ tickSize: 0, label: null }),
      Plot.text([title], { frameAnchor: "top-left", dy: -24, fontSize: FONT_SIZE + 0.5, fontWeight: 600 }),
      ...present.flatMap((arm, i) =>
        armMarks(
          style,
          rows.filter((row) => row.arm.id === arm.id),
          (i - (present.length - 1) / 2) * ARM_GAP,
        ),
      ),
    ],
  });
}

/** A plain stroke, without an arrow's head. */
const tick: Plot.VectorShapeImplementation = {
  draw(context, length) {
    context.moveTo(0, 0);
    context.lineTo(0, -length);
  },
};

/** One arm's draws and means, `dx` pixels beside the middle of each fraction. */
function armMarks(style: FigureStyle, rows: readonly Comparison[], dx: number): Plot.Markish[] {
  const arm = rows[0]!.arm;
  const color = colorOf(style, arm);
  const dots = rows.flatMap(({ fraction, reference, pairs }) =>
    pairs.map((pair) => ({
      fraction: `${fraction}%`,
      points: pair.points,
      text: `${arm.name} against ${reference.name}, ${fraction}%, draw ${pair.draw}: ${points(pair.points)}`,
    })),
  );
  const means = rows.map(({ fraction, points: { mean, min, max } }) => ({ fraction: `${fraction}%`, mean, min, max }));
  return [
    Plot.ruleX(means, { x: "fraction", y1: "min", y2: "max", stroke: color, strokeDasharray: dashOf(arm), dx }),
    Plot.vector(
      means.filter(({ min, max }) => min < max),
      {
        x: "fraction",
        y: "mean",
        shape: tick,
        length: 10,
        rotate: 90,
        stroke: color,
        strokeWidth: 2.5,
        dx,
      },
    ),
    Plot.dot(dots, {
      x: "fraction",
      y: "points",
      r: 3.2,
      symbol: symbolOf(arm),
      fill: color,
      stroke: style.palette.paper,
      strokeWidth: 1,
      dx,
      title: "text",
    }),
  ];
}

function wholePoints(value: number): string {
  return value === 0 ? "0" : points(value).replace(".0", "");
}
