/**
 * The report's first picture: every arm and draw at the smallest label fraction. A gray line joins the arms of one draw,
 * so that the reader sees how much the draw moves all of them.
 */

import type { Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Arm, armsOf } from "../arm.ts";
import { meanInterval } from "../comparison.ts";
import { labelCountText, percent } from "../number-format.ts";
import { cellsAt, labelCount, measuredFractions, summarize } from "../summary.ts";
import { colorOf, compose, type Figure, type FigureStyle, panel, symbolOf, textWidth } from "./figure.ts";

const ROW_HEIGHT = 30;

export function overviewFigure(study: Study): Figure {
  const fraction = measuredFractions(study)[0]!;
  const arms = armsOf(study).filter((arm) => cellsAt(study, arm.id, fraction).length > 0);
  const labels = labelCountText(labelCount(study, fraction)!);
  const rows = arms.map((arm) => {
    const { mean } = summarize(study, arm.id, fraction)!.dice;
    const { low, high } = meanInterval(study, arm.id, fraction) ?? { low: mean, high: mean };
    return { arm, mean: mean * 100, low: low * 100, high: high * 100 };
  });
  const dots = arms.flatMap((arm) =>
    cellsAt(study, arm.id, fraction).map((cell) => ({ arm, draw: cell.draw, dice: cell.scores.dice * 100 })),
  );
  const [lowest, highest] = [Math.min(...dots.map(({ dice }) => dice)), Math.max(...dots.map(({ dice }) => dice))];
  const reach = Math.max(1, highest - lowest);
  const x: [number, number] = [
    Math.max(0, lowest - reach, Math.min(lowest, ...rows.map(({ low }) => low))),
    Math.min(100, highest + reach, Math.max(highest, ...rows.map(({ high }) => high))),
  ];
  const hasDraws = dots.some((dot) => dot.draw !== dots[0]!.draw);

  const draw = (style: FigureStyle) => {
    const { palette, width } = style;
    const marginLeft = Math.max(...arms.map((arm) => textWidth(arm.name))) + 18;
    const plot = panel({
      width,
      height: arms.length * ROW_HEIGHT + 52,
      marginLeft,
      marginRight: 52,
      marginTop: 8,
      marginBottom: 48,
      x: { domain: x, inset: 10 },
      y: { type: "band", domain: arms.map((arm) => arm.name), padding: 0.3 },
      marks: [
        Plot.gridX({ stroke: palette.faint, strokeOpacity: 1, ticks: 6 }),
        Plot.axisX({ ticks: 6, tickSize: 0, label: null, fill: palette.muted }),
        Plot.axisY({ tickSize: 0, label: null, fontSize: 13.5 }),
        Plot.text(["Dice on test cases, %"], { frameAnchor: "bottom", dy: 42, fill: palette.muted }),
        Plot.ruleY(rows, {
          x1: (row) => Math.max(x[0], row.low),
          x2: (row) => Math.min(x[1], row.high),
          y: name,
          stroke: (row) => colorOf(style, row.arm),
          strokeWidth: 7,
          strokeOpacity: 0.22,
        }),
        ...(hasDraws
          ? [Plot.line(dots, { x: "dice", y: name, z: "draw", stroke: palette.faint, strokeWidth: 2 })]
          : []),
        Plot.dot(dots, {
          x: "dice",
          y: name,
          r: 5.5,
          symbol: (dot: { arm: Arm }) => symbolOf(dot.arm),
          fill: (dot) => colorOf(style, dot.arm),
          stroke: palette.paper,
          strokeWidth: 1.5,
          title: (dot) => `${dot.arm.name}, draw ${dot.draw}: ${percent(dot.dice / 100)}`,
        }),
        ...(hasDraws
          ? [Plot.tickX(rows, { x: "mean", y: name, stroke: (row) => colorOf(style, row.arm), strokeWidth: 2.5 })]
          : []),
        Plot.text(rows, {
          y: name,
          text: (row) => percent(row.mean / 100),
          frameAnchor: "right",
          textAnchor: "start",
          dx: 14,
          fontSize: 14,
          fontWeight: 600,
          fontVariant: "tabular-nums",
        }),
      ],
    });
    return compose(style, [plot], 1, []);
  };

  const joined = hasDraws ? " Dots are draws, joined by a gray line where arms had the same labeled patients;" : "";
  const mean = hasDraws ? " the tick and the number on the right are the mean." : "";
  const bars = ` Pale bars are 95% intervals of the mean${hasDraws ? "" : " over the test patients"}.`;
  return {
    name: "overview",
    title: `With ${fraction}% of the labels`,
    caption: `Test Dice with ${fraction}% of the labels (${labels}).${joined}${mean}${bars}`,
    draw,
  };
}

function name(row: { readonly arm: { readonly name: string } }): string {
  return row.arm.name;
}
