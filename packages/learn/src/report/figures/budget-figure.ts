/**
 * The learning curves of a study, fitted: where more labels lead, and how surely.
 */
import type { Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Budget, REACH } from "../../annotation-budget/forecast.ts";
import { errorAt } from "../../annotation-budget/power-law.ts";
import { type Arm, armsOf } from "../arm.ts";
import { colorOf, compose, dashOf, type Figure, type FigureStyle, NARROW, panel, symbolOf } from "./figure.ts";

interface CurvePoint {
  readonly arm: Arm;
  readonly count: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

interface Dot {
  readonly arm: Arm;
  readonly count: number;
  readonly dice: number;
}

/** Points of a curve. */
const STEPS = 48;

/** Returns undefined where no arm has a curve. */
export function budgetFigure(study: Study, budget: Budget): Figure | undefined {
  const fitted = armsOf(study).flatMap((arm) => {
    const forecast = budget.arms.find((one) => one.arm === arm.id && one.law !== undefined);
    return forecast === undefined ? [] : [{ arm, forecast, law: forecast.law! }];
  });
  if (fitted.length === 0) return undefined;
  const counts = fitted.flatMap(({ forecast }) => forecast.levels.map(({ count }) => count));
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  const curve = fitted.flatMap(({ arm, forecast, law }) =>
    Array.from({ length: STEPS }, (_, i): CurvePoint => {
      const count = fewest * ((REACH * most) / fewest) ** (i / (STEPS - 1));
      const dices = forecast.laws.map((one) => 100 * (1 - errorAt(one, count))).sort((a, b) => a - b);
      const at = (share: number) => dices[Math.round(share * (dices.length - 1))]!;
      return { arm, count, mean: 100 * (1 - errorAt(law, count)), low: at(0.025), high: at(0.975) };
    }),
  );
  const dots = fitted.flatMap(({ arm }) =>
    study.cells
      .filter((cell) => cell.arm === arm.id)
      .map((cell): Dot => ({ arm, count: cell.labeledPatients, dice: 100 * cell.scores.dice })),
  );
  const arms = fitted.map(({ arm }) => arm);
  return {
    name: "figure-budget",
    title: "Annotation budget",
    caption:
      "Test Dice against the number of annotated patients (logarithmic axis): dots are the measured draws, lines the fitted " +
      "power laws, bands the middle 95% of them when test patients and draws are drawn anew. Beyond the upright line nothing was measured.",
    draw: (style) => compose(style, [curvePanel(style, { arms, curve, dots, most })], 1, arms),
  };
}

function curvePanel(
  style: FigureStyle,
  {
    arms,
    curve,
    dots,
    most,
  }: {
    readonly arms: readonly Arm[];
    readonly curve: readonly CurvePoint[];
    readonly dots: readonly Dot[];
    readonly most: number;
  },
) {
  const { palette, width } = style;
  const counts = [...new Set(dots.map(({ count }) => count))].sort((a, b) => a - b);
  const values = [...dots.map(({ dice }) => dice), ...curve.map(({ mean }) => mean)];
  const pad = 0.1 * (Math.max(...values) - Math.min(...values));
  const [low, high] = [Math.max(0, Math.min(...values) - pad), Math.min(100, Math.max(...values) + pad)];
  const inside = (value: number) => Math.max(low, Math.min(high, value));
  return panel({
    width,
    height: width < NARROW ? 300 : 360,
    marginTop: 26,
    marginBottom: 50,
    marginLeft: 40,
    marginRight: 18,
    x: { type: "log", domain: [counts[0]! / 1.2, REACH * most], axis: null },
    y: { domain: [low, high] },
    marks: [
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 6 }),
      Plot.axisY({ ticks: 6, tickSize: 0, label: null, fill: palette.muted }),
      ...[
        { some: counts, textAnchor: "middle" as const },
        { some: [REACH * most], textAnchor: "end" as const },
      ].map(({ some, textAnchor }) =>
        Plot.text(some, {
          x: (count: number) => count,
          text: (count: number) => count.toLocaleString("en-US"),
          frameAnchor: "bottom",
          lineAnchor: "top",
          textAnchor,
          dy: 8,
        }),
      ),
      Plot.text(["Dice on test cases, %"], { frameAnchor: "top-left", dx: -36, dy: -22, fill: palette.muted }),
      Plot.text(["annotated patients"], { frameAnchor: "bottom", dy: 40, fill: palette.muted }),
      Plot.ruleX([most], { stroke: palette.muted, strokeDasharray: "2 3" }),
      Plot.areaY(curve, {
        x: "count",
        y1: (point: CurvePoint) => inside(point.low),
        y2: (point: CurvePoint) => inside(point.high),
        z: ({ arm }: CurvePoint) => arm.id,
        fill: ({ arm }: CurvePoint) => colorOf(style, arm),
        fillOpacity: 0.13,
      }),
      ...arms.map((arm) =>
        Plot.lineY(
          curve.filter((point) => point.arm === arm),
          { x: "count", y: "mean", stroke: colorOf(style, arm), strokeWidth: 2.5, strokeDasharray: dashOf(arm) },
        ),
      ),
      Plot.dot(dots, {
        x: "count",
        y: "dice",
        r: 3.4,
        symbol: ({ arm }: Dot) => symbolOf(arm),
        fill: ({ arm }: Dot) => colorOf(style, arm),
        stroke: palette.paper,
        strokeWidth: 1,
      }),
    ],
  });
}
