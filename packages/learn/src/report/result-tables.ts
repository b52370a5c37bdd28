/**
 * The report's tables of numbers: means and ranges by arm and fraction, classes, and paired differences.
 */
import type { Study } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { type Arm, armsOf } from "./arm.ts";
import { type Comparison, compare, NOISE_POINTS, type Rivalry, rivalries } from "./comparison.ts";
import { labelCountText, percent, percentRange, points, pointsRange } from "./number-format.ts";
import { classLabels, hasSpread, labelCount, type Spread, summarize } from "./summary.ts";

type Measure = "dice" | "iou";

/** Dice and IoU as means over the classes, then Dice and IoU of each class where there are several. */
export function resultTables(study: Study): Markup {
  const labels = classLabels(study);
  const over = labels.length > 1 ? `mean of ${labels.length} classes` : labels[0]!;
  return html`
    ${table(study, `Dice, % (${over})`, html`<tbody>${armRows(study, "dice", undefined)}</tbody>`)}
    ${table(study, `IoU, % (${over})`, html`<tbody>${armRows(study, "iou", undefined)}</tbody>`)}
    <p class="note">${hasSpread(study) ? "Means over the draws, with the lowest and the highest draw." : "One draw each."} Bold: the
    highest of a column, whether or not its lead means anything.</p>
    ${labels.length > 1 ? classTables(study, labels) : undefined}`;
}

/** Differences in Dice points, arm minus reference, by draw. */
export function pairedTable(study: Study): Markup | undefined {
  const rows = rivalries(study).flatMap((rivalry) => {
    const cells = study.fractions.map((fraction) => compare(study, rivalry, fraction));
    return cells.some((cell) => cell !== undefined) ? [pairedRow(rivalry, cells)] : [];
  });
  if (rows.length === 0) return undefined;
  return html`
    ${table(study, "Paired differences in Dice points", html`<tbody class="paired">${rows}</tbody>`)}
    <p class="note">Mean over the draws that both arms have; beside it their range, and in how many of them the arm was ahead. Gray: a mean
    under ${NOISE_POINTS} points, which we call noise.</p>`;
}

export function armName(arm: Arm): Markup {
  const color = arm.color.replace("+", "-");
  return html`<span class="${arm.isVariant ? "swatch variant" : "swatch"}" style="--arm: var(--${color})"></span>${arm.name}`;
}

function classTables(study: Study, labels: readonly string[]): Markup {
  return html`
    ${classTable(study, "dice", labels)}
    <details><summary>IoU by class</summary>${classTable(study, "iou", labels)}</details>`;
}

function classTable(study: Study, measure: Measure, labels: readonly string[]): Markup {
  const groups = labels.map(
    (label) => html`
      <tbody class="group">
        <tr><th scope="rowgroup" colspan="${study.fractions.length + 1}">${label}</th></tr>
        ${armRows(study, measure, label)}
      </tbody>`,
  );
  return table(study, `${measure === "dice" ? "Dice" : "IoU"} by class, %`, html`${groups}`);
}

function table(study: Study, caption: string, bodies: Markup): Markup {
  const heads = study.fractions.map((fraction) => {
    const count = labelCount(study, fraction);
    return html`<th scope="col"><span>${fraction}%</span><small>${count && labelCountText(count)}</small></th>`;
  });
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
      <caption>${caption}</caption>
      <thead><tr><th></th>${heads}</tr></thead>
      ${bodies}
    </table></div>`;
}

function armRows(study: Study, measure: Measure, label: string | undefined): Markup[] {
  const arms = armsOf(study);
  const columns = study.fractions.map((fraction) => {
    const results = arms.map((arm) => summarize(study, arm.id, fraction, label)?.[measure]);
    return { results, best: percent(Math.max(...results.map((result) => result?.mean ?? 0))) };
  });
  return arms.map(
    (arm, i) =>
      html`<tr><th scope="row">${armName(arm)}</th>${columns.map(({ results, best }) => scoreCell(results[i], best))}</tr>`,
  );
}

function scoreCell(score: Spread | undefined, best: string): Markup {
  if (score === undefined) return html`<td class="none"><span>\u2013</span><small></small></td>`;
  const range = score.count > 1 ? percentRange(score) : "one draw";
  const isBest = percent(score.mean) === best;
  return html`<td class="${isBest ? "best" : ""}"><span>${percent(score.mean)}</span><small>${range}</small></td>`;
}

function pairedRow({ arm, reference }: Rivalry, cells: readonly (Comparison | undefined)[]): Markup {
  return html`<tr><th scope="row">${armName(arm)} <small>against ${reference.name}</small></th>${cells.map(pairedCell)}</tr>`;
}

function pairedCell(cell: Comparison | undefined): Markup {
  if (cell === undefined) return html`<td class="none"><span>\u2013</span><small></small></td>`;
  const detail =
    cell.pairs.length === 1
      ? "one draw"
      : html`${pointsRange(cell.points)}<br>ahead ${cell.won} of ${cell.pairs.length}`;
  const kind = cell.verdict === "noise" ? "noise" : "";
  return html`<td class="${kind}"><span>${points(cell.points.mean)}</span><small>${detail}</small></td>`;
}
