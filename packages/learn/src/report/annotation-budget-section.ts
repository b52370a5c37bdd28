/**
 * How many more labels lead to a wished Dice: the report's section of it, in sentences, a table and a figure.
 */
import type { Study } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { type Budget, forecasts, type Target } from "../annotation-budget/forecast.ts";
import { answerText, budgetSentences, checkText, points } from "../annotation-budget/sentences.ts";
import { armsOf } from "./arm.ts";
import { budgetFigure } from "./figures/budget-figure.ts";
import type { Figure } from "./figures/figure.ts";
import { armName } from "./result-tables.ts";

/**
 * @param drawn Puts a figure into the page.
 * @returns undefined for a study of one share of labels: it asks for no forecast.
 */
export function annotationBudgetSection(study: Study, drawn: (figure: Figure) => Markup): Markup | undefined {
  const counts = new Set(study.cells.map(({ labeledPatients }) => labeledPatients));
  if (counts.size < 2) return undefined;
  const budget = forecasts(study);
  const figure = budgetFigure(study, budget);
  return html`
    <h2 id="budget">How many more labels</h2>
    <p>Annotated patients that lead to a wished Dice on test patients as hard as these, from each arm's learning curve; in
    brackets the middle 95% of what it would be with other draws and other such test patients. ${budget.annotated} patients can be
    learned from already.</p>
    <ul>${budgetSentences(study, budget).map((sentence) => html`<li>${sentence}</li>`)}</ul>
    ${figure && budgetTable(study, budget)}
    ${figure && drawn(figure)}`;
}

function budgetTable(study: Study, { dices, arms }: Budget): Markup {
  const named = new Map(armsOf(study).map((arm) => [arm.id, arm]));
  const fitted = arms.filter(({ law }) => law !== undefined);
  const rows = fitted.map(
    (arm) => html`<tr><th scope="row">${armName(named.get(arm.arm)!)}</th>${arm.targets.map(cell)}
      <td>${points(arm.ceiling!.dice)}%</td></tr>`,
  );
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Annotated patients for a wished Dice"><table>
      <thead><tr><th scope="col">for a Dice of</th>${dices.map((dice) => html`<th scope="col">${points(dice)}%</th>`)}<th scope="col">ceiling</th></tr></thead>
      <tbody>${rows}</tbody></table></div>
    <p class="note">Ceiling: what the curve approaches. Checked by predicting the largest number from the others:
    ${fitted.map((arm) => `${named.get(arm.arm)!.name}: ${checkText(arm)}.`).join(" ")}</p>`;
}

function cell({ answer, measured: { below, reached } }: Target): Markup {
  const seen = reached === undefined || below === undefined ? "" : `measured: ${below} are too few, ${reached} enough`;
  return html`<td title="${seen}">${answer.kind === "never" ? "above its ceiling" : answerText(answer)}</td>`;
}
