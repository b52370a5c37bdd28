/**
 * Figure 1: bars by arm at 10% of the labels, for each class and for their mean.
 *
 * Axis     begins at zero when a score is below 50, else at a ten below the lowest score; then the bars are cut at their
 *          foot and the caption says so, because their lengths no longer compare.
 */

import type { Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Arm, armsOf } from "../arm.ts";
import { labelCountText, percent } from "../number-format.ts";
import { cellsAt, classLabels, hasSpread, labelCount, measuredFractions, type Spread, summarize } from "../summary.ts";
import { colorOf, compose, type Figure, type FigureStyle, FONT_SIZE, NARROW, panel, textWidth } from "./figure.ts";

const FRACTION = 10;
const ROW_HEIGHT = 27;
/** Pixels for the number at a bar's end. */
const VALUE_WIDTH = 48;
const SIDE_MARGINS = 26;

interface Bar {
  readonly arm: Arm;
  readonly name: string;
  readonly dice: Spread;
  readonly draws: readonly number[];
}

export function barsFigure(study: Study): Figure {
  const measured = measuredFractions(study);
  const fraction = measured.includes(FRACTION) ? FRACTION : measured[0]!;
  const labels = classLabels(study);
  const groups = labels.length > 1 ? [undefined, ...labels] : [labels[0]];
  const arms = armsOf(study).filter((arm) => cellsAt(study, arm.id, fraction).length > 0);
  const panels = groups.map((label) => ({
    title: label ?? "Mean of the classes",
    bars: arms.flatMap((arm) => bar(study, arm, fraction, label) ?? []),
  }));
  const lowest = Math.min(...panels.flatMap(({ bars }) => bars.map((one) => one.dice.min)));
  const highest = Math.max(...panels.flatMap(({ bars }) => bars.map((one) => one.dice.max)));
  const floor = lowest < 0.5 ? 0 : Math.floor((lowest - 0.02) * 10) / 10;

  const draw = (style: FigureStyle) => {
    const columns = style.width < NARROW ? 1 : Math.min(panels.length, panels.length % 3 === 0 ? 3 : 2);
    const nameWidth = Math.max(...arms.map((arm) => textWidth(arm.name))) + 8;
    const inner = (style.width - nameWidth) / columns;
    const plotWidth = inner - SIDE_MARGINS;
    const top = floor + ((highest - floor) * plotWidth) / (plotWidth - VALUE_WIDTH);
    const domain: [number, number] = [floor * 100, top * 100];
    const drawn = panels.map(({ title, bars }, i) => {
      const isFirst = i % columns === 0;
      return barPanel(style, title, bars, domain, inner + (isFirst ? nameWidth : 0), isFirst ? nameWidth : 0);
    });
    return compose(style, drawn, columns, []);
  };

  const instead =
    fraction === FRACTION ? "" : ` (${FRACTION}% has no finished model; this is the smallest fraction that has one)`;
  const spreadText = hasSpread(study)
    ? "Bars and numbers are means over the draws, dots the draws, lines their range."
    : "One draw of labeled patients each.";
  const cut =
    floor > 0
      ? ` The axis begins at ${floor * 100}, not at 0 (hence the cut): compare the numbers, not the lengths.`
      : "";
  const count = labelCountText(labelCount(study, fraction)!);
  return {
    name: "figure-1",
    title: "Figure 1",
    caption: `Test Dice by arm with ${fraction}% of the labels${instead}, ${count}. ` + `${spreadText}${cut}`,
    draw,
  };
}

function bar(study: Study, arm: Arm, fraction: number, label: string | undefined): Bar | undefined {
  const summary = summarize(study, arm.id, fraction, label);
  if (summary === undefined) return undefined;
  const draws = cellsAt(study, arm.id, fraction).flatMap(({ scores }) =>
    label === undefined
      ? [scores.dice]
      : scores.classes.filter((score) => score.label === label).map((score) => score.dice),
  );
  return { arm, name: arm.name, dice: summary.dice, draws };
}

function barPanel(
  style: FigureStyle,
  title: string,
  bars: readonly Bar[],
  domain: [number, number],
  width: number,
  nameWidth: number,
) {
  const { palette } = style;
  const [floor, top] = domain;
  const step = [1, 2, 5, 10].find((size) => (top - floor) / size <= 5.5) ?? 25;
  const ticks = Array.from({ length: 6 }, (_, i) => floor + i * step).filter((tick) => tick <= Math.min(100, top));
  const dots = bars.flatMap(({ name, draws }) => draws.map((dice) => ({ name, dice: dice * 100 })));
  const ranges = bars.filter((one) => one.dice.count > 1);
  return panel({
    width,
    height: bars.length * ROW_HEIGHT + 58,
    marginLeft: nameWidth + SIDE_MARGINS / 2,
    marginRight: SIDE_MARGINS / 2,
    marginTop: 28,
    marginBottom: 30,
    x: { domain },
    y: { domain: bars.map((one) => one.name), padding: 0.28, axis: null },
    marks: [
      Plot.gridX({ stroke: palette.faint, strokeOpacity: 1, ticks }),
      Plot.axisX({ ticks, tickFormat: String, tickSize: 0, label: null, fill: palette.muted }),
      ...(nameWidth > 0 ? [Plot.axisY({ tickSize: 0, label: null })] : []),
      Plot.barX(bars, {
        x1: floor,
        x2: (one) => one.dice.mean * 100,
        y: "name",
        fill: (one) => colorOf(style, one.arm),
        fillOpacity: (one) => (one.arm.isVariant ? 0.45 : 1),
        stroke: (one) => colorOf(style, one.arm),
      }),
      ...(floor > 0 ? [Plot.ruleX([floor + 0.05 * (top - floor)], { stroke: palette.paper, strokeWidth: 4 })] : []),
      // Ink on a halo of paper: to be seen on the bar and beside it.
      ...[
        { stroke: palette.paper, strokeWidth: 3.5 },
        { stroke: palette.ink, strokeWidth: 1.5 },
      ].map((stroke) =>
        Plot.ruleY(ranges, {
          x1: (one) => one.dice.min * 100,
          x2: (one) => one.dice.max * 100,
          y: "name",
          ...stroke,
        }),
      ),
      Plot.dot(ranges.length > 0 ? dots : [], { x: "dice", y: "name", r: 3, fill: palette.ink, stroke: palette.paper }),
      Plot.text(bars, {
        x: (one) => one.dice.max * 100,
        y: "name",
        text: (one) => percent(one.dice.mean),
        textAnchor: "start",
        dx: 8,
        fontWeight: 600,
        fontVariant: "tabular-nums",
      }),
      Plot.text([title], { frameAnchor: "top-left", dy: -22, fontSize: FONT_SIZE + 0.5, fontWeight: 600 }),
    ],
  });
}
