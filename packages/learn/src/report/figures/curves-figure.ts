/**
 * Training curves: what pre-training followed (reconstruction, contrast, retrieval), and the fine-tuning loss of every cell.
 */

import type { CurvePoint, Study } from "@medssl/contract";
import * as Plot from "@observablehq/plot";
import { type Arm, armsOf, describeArm } from "../arm.ts";
import { cellsAt, measuredFractions, stepsOf } from "../summary.ts";
import { colorOf, compose, dashOf, type Figure, type FigureStyle, FONT_SIZE, NARROW, panel } from "./figure.ts";

/** What pre-training panels show, when a run followed it. */
const pretrainingTitles: Readonly<Record<string, string>> = {
  mim: "Reconstruction loss (MIM)",
  acl: "Contrastive loss (ACL)",
  aclTop1: "Anchors matched (top-1)",
};

interface Line {
  readonly key: string;
  readonly arm: Arm;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

interface CurvePanel {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Returns undefined when the study has no pre-training run with a curve. */
export function pretrainingFigure(study: Study): Figure | undefined {
  const panels = Object.entries(pretrainingTitles).map(([value, title]) => ({
    title,
    lines: study.pretraining.map((run) => line(run.method, describeArm(run.method, study.head), run.curve, value)),
  }));
  return curvesFigure(panels, {
    name: "figure-5",
    title: "Figure 5",
    caption:
      "Pre-training by optimizer step. A reconstruction loss that rests on a plateau early has not learned structure yet; " +
      "matching anchors is a check that the contrast works, not a measure of quality: Dice with few labels is.",
    columns: 3,
  });
}

/** Returns undefined when no cell has a curve. */
export function finetuningFigure(study: Study): Figure | undefined {
  const steps = stepsOf(study);
  const equal = steps === undefined ? "" : ` Every model had the same ${steps} steps.`;
  const panels = measuredFractions(study).map((fraction) => ({
    title: `${fraction}% of the labels`,
    lines: armsOf(study).flatMap((arm) =>
      cellsAt(study, arm.id, fraction).map((cell) => line(`${arm.id} ${cell.draw}`, arm, cell.curve, "loss")),
    ),
  }));
  return curvesFigure(panels, {
    name: "figure-6",
    title: "Figure 6",
    caption: `Fine-tuning loss on the labeled images by optimizer step; one line per draw.${equal}`,
    columns: 2,
  });
}

function line(key: string, arm: Arm, curve: readonly CurvePoint[], value: string): Line {
  const points = curve.flatMap(({ step, values }) => {
    const number = values[value];
    // A number that a run did not follow all along is NaN, hence null once it has been through JSON.
    return Number.isFinite(number) ? [{ step, value: number! }] : [];
  });
  return { key, arm, points };
}

function curvesFigure(
  all: readonly CurvePanel[],
  options: Omit<Figure, "draw"> & { readonly columns: number },
): Figure | undefined {
  const panels = all
    .map(({ title, lines }) => ({ title, lines: lines.filter(({ points }) => points.length > 0) }))
    .filter(({ lines }) => lines.length > 0);
  if (panels.length === 0) return undefined;
  const arms = [...new Map(panels.flatMap(({ lines }) => lines.map(({ arm }) => [arm.id, arm]))).values()];
  const { columns: most, ...figure } = options;
  return {
    ...figure,
    draw: (style) => {
      const columns = style.width < NARROW ? 1 : Math.min(most, panels.length);
      const drawn = panels.map(({ title, lines }) => curvePanel(style, title, lines, style.width / columns));
      return compose(style, drawn, columns, arms);
    },
  };
}

function curvePanel(style: FigureStyle, title: string, lines: readonly Line[], width: number) {
  const { palette } = style;
  const values = lines.flatMap(({ points }) => points.map((point) => point.value));
  return panel({
    width,
    height: 205,
    marginTop: 30,
    marginBottom: 34,
    marginLeft: 40,
    marginRight: 14,
    x: { nice: false },
    y: { domain: [Math.min(0, ...values), Math.max(...values)], nice: true },
    marks: [
      Plot.gridY({ stroke: palette.faint, strokeOpacity: 1, ticks: 4 }),
      Plot.axisY({ ticks: 4, tickSize: 0, label: null, fill: palette.muted }),
      Plot.axisX({ ticks: 4, tickSize: 0, label: null, fill: palette.muted }),
      Plot.text([title], { frameAnchor: "top-left", dy: -24, fontSize: FONT_SIZE + 0.5, fontWeight: 600 }),
      ...lines.map(({ arm, points }) =>
        Plot.lineY(points, {
          x: "step",
          y: "value",
          stroke: colorOf(style, arm),
          strokeWidth: lines.length > 6 ? 1.2 : 1.8,
          strokeDasharray: dashOf(arm),
        }),
      ),
    ],
  });
}
