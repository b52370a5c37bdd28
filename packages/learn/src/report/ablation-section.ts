/** What each part of the pre-training gives: a table of steps by fractions beside the figure. */
import type { Study } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { ablationSteps } from "./ablation.ts";
import type { Comparison } from "./comparison.ts";
import { intervalText, points, pText } from "./number-format.ts";
import { fractionTable } from "./result-tables.ts";

/** @param figure The drawn figure */
export function ablationSection(study: Study, figure: Markup | undefined): Markup | undefined {
  const steps = ablationSteps(study);
  if (steps.length === 0) return undefined;
  const heads = [...new Set(steps.flatMap(({ rows }) => rows.map(({ arm }) => arm.head!)))];
  const rows = steps.flatMap(({ title, rows: own }) =>
    heads.flatMap((head) => {
      const ofHead = own.filter(({ arm }) => arm.head === head);
      if (ofHead.length === 0) return [];
      const cells = study.fractions.map((fraction) => gainCell(ofHead.find((row) => row.fraction === fraction)));
      const name = heads.length > 1 ? html`${title} <small>head: ${head}</small>` : title;
      return html`<tr><th scope="row">${name}</th>${cells}</tr>`;
    }),
  );
  return html`
    <h2 id="ablation">What MIM gives, and what the contrast adds</h2>
    ${figure}
    ${fractionTable(study, "Gains in Dice points", html`<tbody class="paired">${rows}</tbody>`)}`;
}

function gainCell(cell: Comparison | undefined): Markup {
  if (cell === undefined) return html`<td class="none"><span>\u2013</span><small></small></td>`;
  const isClear = cell.verdict === "ahead" || cell.verdict === "behind";
  const detail =
    cell.verdict === "few" ? html`too few patients` : html`${intervalText(cell.interval)}<br>${pText(cell.corrected)}`;
  return html`<td class="${isClear ? "" : "noise"}"><span>${points(cell.mean)}</span><small>${detail}</small></td>`;
}
