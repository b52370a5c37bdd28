/**
 * A study's result for the terminal: arms by fractions, mean Dice and its range over the draws.
 */
import type { Study } from "@medssl/contract";
import { armsOf } from "./arm.ts";
import { percent, percentRange } from "./number-format.ts";
import { labelCount, type Summary, summarize } from "./summary.ts";

/** Returns the table as text without colors; `*` marks the highest mean of a column. */
export function studyTable(study: Study): string {
  const arms = armsOf(study);
  const columns = study.fractions.map((fraction) => {
    const results = arms.map((arm) => summarize(study, arm.id, fraction));
    const best = percent(Math.max(...results.map((result) => result?.dice.mean ?? 0)));
    const images = labelCount(study, fraction)?.images.mean;
    const title = images === undefined ? `${fraction}%` : `${fraction}% (${Math.round(images)})`;
    return [title, ...results.map((result) => cell(result, best))];
  });
  const rows = ["", ...arms.map((arm) => arm.name)].map((name, i) => [
    name,
    ...columns.map((column) => column[i] ?? ""),
  ]);
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)));
  const lines = rows.map((row) =>
    row
      .map((text, k) => text.padEnd(widths[k]!))
      .join("   ")
      .trimEnd(),
  );
  const draws = study.cells.some((cell) => cell.draw > 0) ? "mean and range over the draws" : "one draw";
  return [`Test Dice in %, ${draws}; % of labels (images)`, "", ...lines, "", "* highest mean at this fraction"].join(
    "\n",
  );
}

function cell(result: Summary | undefined, best: string): string {
  if (result === undefined) return "-";
  const mean = percent(result.dice.mean);
  const marked = `${mean.padStart(5)}${mean === best ? "*" : " "}`;
  return result.dice.count > 1 ? `${marked} ${percentRange(result.dice)}` : marked;
}
