/**
 * The table that a paper prints, as LaTeX: arms by fractions, Dice in percent with its 95% interval, class by class where
 * there are several. Needs the package booktabs.
 *
 * Bold     as in the report: the one arm of a column that is clearly ahead of every other (significance.ts).
 */
import type { Study } from "@medssl/contract";
import { armsOf } from "./arm.ts";
import { comparisons, MIN_PATIENTS, meanInterval } from "./comparison.ts";
import { counted, labelCountText, percent } from "./number-format.ts";
import { clearlyBest } from "./significance.ts";
import { classLabels, labelCount, measuredFractions, summarize } from "./summary.ts";

export function latexTable(study: Study): string {
  const fractions = measuredFractions(study);
  const labels = classLabels(study);
  const groups = labels.length > 1 ? [undefined, ...labels] : [undefined];
  const columns = fractions.length + 1;
  const head = fractions.map((fraction) => `${fraction}\\%`);
  const counts = fractions.map((fraction) => labelCountText(labelCount(study, fraction)!));
  const bodies = groups.map((label) => {
    const title =
      groups.length > 1
        ? [`\\multicolumn{${columns}}{l}{\\textit{${escaped(label ?? "mean of the classes")}}} \\\\`]
        : [];
    return [...title, ...armRows(study, fractions, label)].join("\n");
  });
  return `% Needs \\usepackage{booktabs}
\\begin{table}
\\centering
\\caption{${caption(study)}}
\\begin{tabular}{l${"c".repeat(fractions.length)}}
\\toprule
${["Labels", ...head].join(" & ")} \\\\
${["", ...counts.map(escaped)].join(" & ")} \\\\
\\midrule
${bodies.join("\n\\midrule\n")}
\\bottomrule
\\end{tabular}
\\end{table}
`;
}

function armRows(study: Study, fractions: readonly number[], label: string | undefined): string[] {
  return armsOf(study).map((arm) => {
    const cells = fractions.map((fraction) => {
      const mean = summarize(study, arm.id, fraction, label)?.dice.mean;
      if (mean === undefined) return "--";
      const number = clearlyBest(study, fraction, label) === arm.id ? `\\textbf{${percent(mean)}}` : percent(mean);
      const interval = meanInterval(study, arm.id, fraction, label);
      return interval === undefined
        ? number
        : `${number} {\\small (${percent(interval.low)}--${percent(interval.high)})}`;
    });
    return `${[escaped(arm.name), ...cells].join(" & ")} \\\\`;
  });
}

function caption(study: Study): string {
  const patients = Math.max(0, ...comparisons(study).map((one) => one.patients));
  const tests = `${counted(study.split.testImages, "test image")} of ${counted(study.split.testPatients, "patient")}`;
  const draws = new Set(study.cells.map(({ draw }) => draw)).size;
  const bold =
    patients < MIN_PATIENTS
      ? "The test patients are too few to tell arms apart"
      : "Bold: ahead of every other arm, with a 95\\% interval of the difference that excludes 0 and $p < 0.05$ (Wilcoxon signed-rank, Holm)";
  return (
    `${escaped(study.title)}: test Dice in percent by share of the labels, with 95\\% bootstrap intervals over patients` +
    `${draws > 1 ? ` and up to ${draws} draws of the labeled patients` : ", one draw of the labeled patients"}; ${tests}. ${bold}.`
  );
}

const special: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "\u2013": "--",
};

/** Names are text, never commands. */
function escaped(text: string): string {
  return text.replace(/[\\~^\u2013&%$#_{}]/g, (character) => special[character] ?? `\\${character}`);
}
