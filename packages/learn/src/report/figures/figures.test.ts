import assert from "node:assert/strict";
import { test } from "node:test";
import type { Study } from "@medssl/contract";
import { parseHTML } from "linkedom";
import { syntheticStudy, withPatients } from "../synthetic-study.ts";
import { ablationFigure } from "./ablation-figure.ts";
import { barsFigure } from "./bars-figure.ts";
import { finetuningFigure, pretrainingFigure } from "./curves-figure.ts";
import { type Figure, lightPalette, pagePalette } from "./figure.ts";
import { labelsFigure } from "./labels-figure.ts";
import { overviewFigure } from "./overview-figure.ts";
import { pairedFigure } from "./paired-figure.ts";
import { scatterFigure } from "./scatter-figure.ts";

const wide = { palette: lightPalette, width: 760 };
const narrow = { palette: pagePalette, width: 352 };

function elements(figure: Figure | undefined, selector: string, style = wide): Element[] {
  return [...parseHTML(figure!.draw(style)).document.querySelectorAll(selector)];
}

test("Figure 1 has a bar an arm and class, at 10%", () => {
  const figure = barsFigure(syntheticStudy({ labels: ["lungs", "heart"] }));
  assert.equal(elements(figure, "[aria-label=bar] rect").length, 4 * 3); // lungs, heart and their mean
  assert.equal(elements(barsFigure(syntheticStudy()), "[aria-label=bar] rect").length, 4);
  assert.match(figure.caption, /^Test Dice by arm with 10% of the labels, 57 images\./);
});

test("Figure 1 says so when it has to take another fraction", () => {
  const { caption } = barsFigure(syntheticStudy({ fractions: [1, 5] }));
  assert.match(
    caption,
    /with 1% of the labels \(10% has no finished model; this is the smallest fraction that has one\)/,
  );
});

test("Figure 1 confesses an axis that does not begin at zero, and begins there for low scores", () => {
  const high = syntheticStudy();
  assert.match(barsFigure(high).caption, /The axis begins at 90, not at 0/);
  const cells = high.cells.map((cell) => ({
    ...cell,
    scores: { ...cell.scores, classes: [{ label: "a", dice: 0.3, iou: 0.2 }] },
  }));
  const low = barsFigure({ ...high, cells });
  assert.doesNotMatch(low.caption, /axis/);
  assert.deepEqual(elements(low, "[aria-label='x-axis tick label'] text").map((text) => text.textContent)[0], "0");
});

test("Figure 2 has a dot a cell, a line an arm, and every fraction on its axis", () => {
  const study = syntheticStudy({ arms: ["unet", "scratch", "mim+acl", "mim+acl@hybrid"], draws: 3 });
  const figure = labelsFigure(study);
  // Beside the means of 4 arms at 4 fractions.
  assert.equal(elements(figure, "[aria-label=dot] > *").length, study.cells.length + 4 * 4);
  assert.equal(elements(figure, "[aria-label=rule] line").length, 4 * 4, "an interval a mean");
  assert.equal(elements(figure, "[aria-label=line] path").length, 4);
  assert.equal(elements(figure, "[aria-label=line][stroke-dasharray='5 3.5']").length, 1); // the other head
  const text = elements(figure, "text")
    .map((node) => node.textContent)
    .join(" ");
  for (const part of ["1%", "5%", "10%", "100%", "563", "MIM+ACL, hybrid"]) assert.ok(text.includes(part), part);
});

test("Figure 2 needs two fractions, and survives arms without cells", () => {
  assert.equal(labelsFigure(syntheticStudy({ fractions: [10] })), undefined);
  const study = syntheticStudy({ isFinished: (cell) => cell.arm === "unet" });
  assert.equal(elements(labelsFigure(study), "[aria-label=line] path").length, 1);
});

test("Figure 3 has a dot a pair beside each mean, and is left out without pairs", () => {
  // Against scratch: 2 arms; against the U-Net: 3 arms; each at 3 fractions of 2 draws, and 100% without a dot of its own.
  assert.equal(elements(pairedFigure(syntheticStudy()), "[aria-label=dot] circle").length, 5 * (6 + 4));
  assert.equal(pairedFigure(syntheticStudy({ arms: ["unet"] })), undefined);
  // Arms with another head: against their own scratch (6 draws, 4 means), not against the scratch of the study's head.
  const heads = syntheticStudy({ arms: ["scratch", "scratch@hybrid", "mim+acl@hybrid"] });
  assert.equal(elements(pairedFigure(heads), "[aria-label=dot] > *").length, 6 + 4);
});

test("the ablation has a panel a step, and is left out where MIM or MIM+ACL is missing", () => {
  assert.equal(elements(ablationFigure(syntheticStudy()), "svg > svg").length, 3);
  assert.equal(elements(ablationFigure(syntheticStudy({ arms: ["mim", "mim+acl"] })), "svg > svg").length, 1);
  assert.equal(ablationFigure(syntheticStudy({ arms: ["unet", "scratch", "mim+acl"] })), undefined);
});

test("Figure 4 has a dot a test case in each of two panels", () => {
  const figure = scatterFigure(syntheticStudy());
  assert.equal(elements(figure, "[aria-label=dot] circle").length, 2 * 24);
  assert.match(
    elements(figure, "text")
      .map((node) => node.textContent)
      .join(" "),
    /Better in 24 of 24 cases/,
  );
  assert.equal(scatterFigure(syntheticStudy({ arms: ["unet", "scratch"] })), undefined);
});

test("what is clear is filled, what is not is hollow", () => {
  const fills = (study: Study) => elements(ablationFigure(study), "[aria-label=dot] [fill='#fffefb']").length;
  assert.equal(fills(withPatients(syntheticStudy(), 3)), 3 * 4);
  assert.ok(fills(syntheticStudy({ draws: 3 })) < 3 * 4);
});

test("curves: a panel a quantity that was followed, a line a run", () => {
  const figure = pretrainingFigure(syntheticStudy());
  assert.equal(elements(figure, "svg > svg").length, 3);
  assert.equal(elements(figure, "[aria-label=line] path").length, 2 + 1 + 1); // only MIM+ACL has a contrast
  assert.equal(pretrainingFigure(syntheticStudy({ arms: ["unet", "scratch"] })), undefined);
  const study = syntheticStudy();
  assert.equal(elements(finetuningFigure(study), "[aria-label=line] path").length, study.cells.length);
  assert.equal(finetuningFigure({ ...study, cells: study.cells.map((cell) => ({ ...cell, curve: [] })) }), undefined);
});

test("in a page a figure has variables for colors and no style sheet", () => {
  const study = syntheticStudy();
  for (const figure of [overviewFigure(study), barsFigure(study), labelsFigure(study), pairedFigure(study)]) {
    const svg = figure!.draw(narrow);
    assert.doesNotMatch(svg, /#[0-9a-f]{6}|<style/i, figure!.name);
    assert.match(svg, /var\(--mim-acl\)/);
    assert.match(svg, /viewBox="0 0 352 /);
  }
});

test("names are text, never markup", () => {
  const svg = barsFigure(syntheticStudy({ labels: ["<script>x</script>&"] })).draw(wide);
  assert.doesNotMatch(svg, /<script/);
  assert.match(svg, /&lt;script&gt;x&lt;\/script&gt;&amp;/);
});
