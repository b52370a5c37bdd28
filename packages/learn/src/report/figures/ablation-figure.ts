/**
 * The ablation: what masked image modeling gives over random weights, what the contrast gives on top, and both together.
 */
import type { Study } from "@medssl/contract";
import { ablationSteps } from "../ablation.ts";
import { armsOf } from "../arm.ts";
import { compose, type Figure, NARROW } from "./figure.ts";
import { gainDomain, gainsPanel } from "./gains-panel.ts";

/** Returns undefined when the study has not MIM+ACL beside MIM, with one head. */
export function ablationFigure(study: Study): Figure | undefined {
  const steps = ablationSteps(study);
  if (steps.length === 0) return undefined;
  const arms = armsOf(study).filter((arm) => steps.some(({ rows }) => rows.some((row) => row.arm.id === arm.id)));
  const y = gainDomain(steps);
  return {
    name: "ablation",
    title: "Ablation",
    caption:
      "What each part of the pre-training gives, in Dice points over the arm without it: masked image modeling (MIM), the anatomy-aware " +
      "contrast on top of it (ACL), and both. Bars are 95% intervals; hollow means are not clear of chance.",
    draw: (style) => {
      const columns = style.width < NARROW ? 1 : steps.length;
      const panels = steps.map((step) => gainsPanel(style, step, arms, y, style.width / columns));
      return compose(style, panels, columns, arms);
    },
  };
}
