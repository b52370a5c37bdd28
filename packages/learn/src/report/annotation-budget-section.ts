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
    <p>Annotated patients that lead to a wished Dice on test cases like these, from each arm's learning curve; in brackets the
    middle 95% of what it would be with other test patients and other draws. ${budget.annotated} patients can be learned from
    already.</p>
    <ul>${budgetSentences(study, budget).map((sentence) => html`<li>${sentence}</li>`)}</ul>
    ${figure && budgetTable(study, budget)}
    ${figure && drawn(figure)}`;
}

function budgetTable(study: Study, { dices, arms }: Budget): Markup {
  const named = new Map(armsOf(study).map((arm) => [arm.id, arm]));
  const rows = arms
    .filter(({ law }) => law !== undefined)
    .map(
      (arm) => html`<tr><th scope="row">${armName(named.get(arm.arm)!)}</th>
        ${arm.targets.map(cell)}<td>${points(arm.ceiling!.dice)}</td><td>${checkText(arm)}</td></tr>`,
    );
  return html`
    <div class="scroll"><table><thead><tr><th scope="col">Annotated patients for</th>
      ${dices.map((dice) => html`<th scope="col">${points(dice)}%</th>`)}
      <th scope="col">approaches, %</th><th scope="col">check</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function cell({ answer, measured: { below, reached } }: Target): Markup {
  const seen =
    reached === undefined || below === undefined ? undefined : `measured: ${below} are less, ${reached} enough`;
  return html`<td title="${seen ?? ""}">${answerText(answer)}</td>`;
}
