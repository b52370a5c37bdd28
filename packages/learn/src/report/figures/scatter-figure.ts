/**
 * Every test case once: the main arm's Dice against a reference's, at the smallest fraction. Above the diagonal the arm
 * is better. One sees whether a gain is everybody's or a few cases'.
 */
import type { Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Arm, armsOf, mainArm } from "../arm.ts";
import { caseDifferences } from "../case-values.ts";
import { pairedCells, rivalries } from "../comparison.ts";
import { counted, percent } from "../number-format.ts";
import { cellsAt, measuredFractions } from "../summary.ts";
import { colorOf, compose, type Figure, type FigureStyle, FONT_SIZE, NARROW, type Panel, panel } from "./figure.ts";

const MAX_PANELS = 2;
const HEIGHT = 360;

interface Dot {
  readonly case: string;
  /** Means over the draws, in percent. */
  readonly dice: number;
  readonly reference: number;
}

/** Returns undefined when the main arm has no partner. */
export function scatterFigure(study: Study): Figure | undefined {
  const fraction = measuredFractions(study)[0]!;
  const main = mainArm(armsOf(study).filter((arm) => cellsAt(study, arm.id, fraction).length > 0));
  if (main === undefined) return undefined;
  const panels = rivalries(study)
    .filter(({ arm }) => arm.id === main.id)
    .map(({ reference }) => ({ reference, dots: dotsOf(study, main, reference, fraction) }))
    .filter(({ dots }) => dots.length > 0)
    .slice(0, MAX_PANELS);
  if (panels.length === 0) return undefined;
  return {
    name: "figure-4",
    title: "Figure 4",
    caption:
      `Each test case with ${fraction}% of the labels: Dice of ${main.name} against Dice of the other arm, means over the draws. ` +
      "Above the line it is the better one.",
    draw: (style) => {
      const columns = style.width < NARROW ? 1 : panels.length;
      const width = Math.min(style.width / columns, 460);
      const drawn = panels.map(({ reference, dots }) => scatterPanel(style, main, reference, dots, width));
      return compose(style, drawn, columns, []);
    },
  };
}

function dotsOf(study: Study, arm: Arm, reference: Arm, fraction: number): Dot[] {
  const pairs = pairedCells(cellsAt(study, arm.id, fraction), cellsAt(study, reference.id, fraction));
  const byCase = Map.groupBy(
    pairs.flatMap((pair) => caseDifferences(pair)),
    (one) => one.case,
  );
  const mean = (values: readonly number[]) => (100 * values.reduce((sum, value) => sum + value, 0)) / values.length;
  return [...byCase].map(([name, draws]) => ({
    case: name,
    dice: mean(draws.map((one) => one.dice)),
    reference: mean(draws.map((one) => one.reference)),
  }));
}

function scatterPanel(style: FigureStyle, arm: Arm, reference: Arm, dots: readonly Dot[], width: number): Panel {
  const { palette } = style;
  const values = dots.flatMap(({ dice, reference: other }) => [dice, other]);
  const pad = Math.max(0.5, 0.05 * (Math.max(...values) - Math.min(...values)));
  const domain: [number, number] = [Math.max(0, Math.min(...values) - pad), Math.min(100, Math.max(...values) + pad)];
  const better = dots.filter((dot) => dot.dice > dot.reference).length;
  return panel({
    width,
    height: HEIGHT,
    marginTop: 48,
    marginBottom: 44,
    marginLeft: 44,
    marginRight: 16,
    x: { domain },
    y: { domain },
    marks: [
      Plot.gridX({ stroke: palette.faint, strokeOpacity: 1, ticks: 5 }),
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 5 }),
      Plot.line([domain[0], domain[1]], {
        x: (value: number) => value,
        y: (value: number) => value,
        stroke: palette.muted,
        strokeWidth: 1,
      }),
      Plot.axisX({ ticks: 5, tickSize: 0, label: null, fill: palette.muted }),
      Plot.axisY({ ticks: 5, tickSize: 0, label: null, fill: palette.muted }),
      Plot.dot(dots, {
        x: "reference",
        y: "dice",
        r: 3,
        fill: (dot: Dot) => colorOf(style, dot.dice >= dot.reference ? arm : reference),
        fillOpacity: 0.75,
        stroke: palette.paper,
        strokeWidth: 0.6,
        title: ({ case: name, dice, reference: other }: Dot) =>
          `${name}: ${percent(dice / 100)} against ${percent(other / 100)}`,
      }),
      Plot.text([`Better in ${better} of ${counted(dots.length, "case")}`], {
        frameAnchor: "top-left",
        dy: -40,
        fontSize: FONT_SIZE + 0.5,
        fontWeight: 600,
      }),
      Plot.text([`Dice of ${arm.name}, %`], { frameAnchor: "top-left", dx: -36, dy: -20, fill: palette.muted }),
      Plot.text([`Dice of ${reference.name}, %`], { frameAnchor: "bottom", dy: 38, fill: palette.muted }),
    ],
  });
}
