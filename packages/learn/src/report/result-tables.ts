/**
 * The report's tables of numbers: means and ranges by arm and fraction, classes, and paired differences.
 */
import type { Study } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { type Arm, armsOf } from "./arm.ts";
import { type Comparison, compare, MIN_PATIENTS, meanInterval, type Rivalry, rivalries } from "./comparison.ts";
import { intervalText, labelCountText, percent, percentRange, points, pText } from "./number-format.ts";
import { clearlyBest } from "./significance.ts";
import { classLabels, hasSpread, labelCount, type Spread, summarize } from "./summary.ts";

type Measure = "dice" | "iou";

/** Dice and IoU as means over the classes, then Dice and IoU of each class where there are several. */
export function resultTables(study: Study): Markup {
  const labels = classLabels(study);
  const over = labels.length > 1 ? `mean of ${labels.length} classes` : labels[0]!;
  return html`
    ${fractionTable(study, `Dice, % (${over})`, html`<tbody>${armRows(study, "dice", undefined)}</tbody>`)}
    ${fractionTable(study, `IoU, % (${over})`, html`<tbody>${armRows(study, "iou", undefined)}</tbody>`)}
    <p class="note">Dice: means over test cases and draws, with their 95% interval${hasSpread(study) ? "" : " (of the test patients: one draw each)"}; IoU:
    with the lowest and the highest draw. Bold: the one arm of a column that is ahead of every other one, by an interval
    without zero and p below 0.05 after Holm; a column without bold has no such arm.</p>
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
    ${fractionTable(study, "Paired differences in Dice points", html`<tbody class="paired">${rows}</tbody>`)}
    <p class="note">Mean over the test cases and draws that both arms have; its 95% interval; p of Wilcoxon's signed-rank test after
    Holm's correction for all comparisons here; in how many draws the arm was ahead. Gray: not clear of chance. With fewer than
    ${MIN_PATIENTS} test patients nothing is.</p>`;
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
  return fractionTable(study, `${measure === "dice" ? "Dice" : "IoU"} by class, %`, html`${groups}`);
}

/** A column a fraction, with the labels that it stands for. */
export function fractionTable(study: Study, caption: string, bodies: Markup): Markup {
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
  return armsOf(study).map((arm) => {
    const cells = study.fractions.map((fraction) => {
      const score = summarize(study, arm.id, fraction, label)?.[measure];
      const interval = measure === "dice" ? meanInterval(study, arm.id, fraction, label) : undefined;
      const isBest = measure === "dice" && clearlyBest(study, fraction, label) === arm.id;
      const isAlone = score?.count === 1 && fraction < 100 && study.draws > 1;
      const range = interval && `${percentRange(interval)}${isAlone ? ", 1 draw" : ""}`;
      return scoreCell(score, range ?? (score && rangeText(score)), isBest);
    });
    return html`<tr><th scope="row">${armName(arm)}</th>${cells}</tr>`;
  });
}

function scoreCell(score: Spread | undefined, range: string | undefined, isBest: boolean): Markup {
  if (score === undefined) return html`<td class="none"><span>\u2013</span><small></small></td>`;
  return html`<td class="${isBest ? "best" : ""}"><span>${percent(score.mean)}</span><small>${range}</small></td>`;
}

const rangeText = (score: Spread): string => (score.count > 1 ? percentRange(score) : "one draw");

function pairedRow({ arm, reference }: Rivalry, cells: readonly (Comparison | undefined)[]): Markup {
  return html`<tr><th scope="row">${armName(arm)} <small>against ${reference.name}</small></th>${cells.map(pairedCell)}</tr>`;
}

function pairedCell(cell: Comparison | undefined): Markup {
  if (cell === undefined) return html`<td class="none"><span>\u2013</span><small></small></td>`;
  const draws = cell.pairs.length === 1 ? "one draw" : `ahead ${cell.won} of ${cell.pairs.length}`;
  const detail =
    cell.verdict === "few"
      ? html`${cell.patients} patients<br>${draws}`
      : html`${intervalText(cell.interval)}<br>${pText(cell.corrected)}<br>${draws}`;
  const isClear = cell.verdict === "ahead" || cell.verdict === "behind";
  return html`<td class="${isClear ? "" : "noise"}"><span>${points(cell.mean)}</span><small>${detail}</small></td>`;
}
