import assert from "node:assert/strict";
import { test } from "node:test";
import { html, trusted } from "@medssl/datasets";
import { annotationBudgetSection } from "./annotation-budget-section.ts";
import { lightPalette } from "./figures/figure.ts";
import { syntheticStudy } from "./synthetic-study.ts";

const drawn = (figure: { draw: (style: { palette: typeof lightPalette; width: number }) => string }) =>
  html`<figure>${trusted(figure.draw({ palette: lightPalette, width: 700 }))}</figure>`;

test("the section has a sentence and a column for each wished Dice, a row for each arm, and the curves", () => {
  const study = syntheticStudy({ arms: ["scratch", "mim+acl"], draws: 3 });
  const { markup } = annotationBudgetSection(study, drawn)!;
  // The arms reach 93.29 and 94.83: half points below them, and the next above.
  for (const dice of ["93.0", "94.5", "95.0"]) {
    assert.match(markup, new RegExp(`<li>Annotated patients for a Dice of ${dice}%: Scratch .*; MIM\\+ACL .*</li>`));
    assert.match(markup, new RegExp(`<th scope="col">${dice}%</th>`));
  }
  assert.equal(markup.match(/<th scope="row">/g)?.length, 2);
  assert.match(markup, /6 to 57 patients foretold/);
  assert.equal(markup.match(/<figure>/g)?.length, 1);
  assert.ok(!/NaN|Infinity|undefined/.test(markup));
});

test("three shares of labels are told to be too few; with one there is no section", () => {
  const few = annotationBudgetSection(syntheticStudy({ arms: ["scratch"], fractions: [1, 10, 100] }), drawn)!;
  assert.match(few.markup, /No forecast for Scratch: it needs 4 different numbers of annotated patients/);
  assert.ok(!few.markup.includes("<figure>"));
  assert.equal(annotationBudgetSection(syntheticStudy({ fractions: [10] }), drawn), undefined);
});
