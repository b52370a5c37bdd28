/**
 * Figure 3: what is gained over the same network from scratch and over the U-Nets, with 95% intervals.
 */

import type { Study } from "@medssl/contract";
import { armsOf } from "../arm.ts";
import { comparisons } from "../comparison.ts";
import { compose, type Figure, NARROW } from "./figure.ts";
import { type GainGroup, gainDomain, gainsPanel } from "./gains-panel.ts";

/** Returns undefined when no arm has a partner in any draw. */
export function pairedFigure(study: Study): Figure | undefined {
  const all = comparisons(study);
  const baselines = armsOf(study).filter(({ isBaseline }) => isBaseline);
  const groups: GainGroup[] = [
    {
      title: "Dice points over scratch",
      rows: all.filter(({ arm, reference }) => reference.method === "scratch" && arm.head === reference.head),
    },
    ...baselines.map(({ id, name }) => ({
      title: `Dice points over the ${name}`,
      rows: all.filter(({ reference }) => reference.id === id),
    })),
  ];
  const drawn = groups.filter(({ rows }) => rows.length > 0);
  if (drawn.length === 0) return undefined;
  const arms = armsOf(study).filter((arm) => drawn.some(({ rows }) => rows.some((row) => row.arm.id === arm.id)));
  const y = gainDomain(drawn);
  return {
    name: "figure-3",
    title: "Figure 3",
    caption:
      "Paired differences in Dice points: two arms trained on the same labeled patients and measured on the same test cases; scratch is the " +
      "same network from random weights. Bars are 95% intervals (one that touches the edge is longer), small dots single draws; a mean is filled where the difference is " +
      "clear of chance, hollow where it is not.",
    draw: (style) => {
      const columns = style.width < NARROW ? 1 : Math.min(drawn.length, 2);
      const panels = drawn.map((group) => gainsPanel(style, group, arms, y, style.width / columns));
      return compose(style, panels, columns, arms);
    },
  };
}
