/** What the study cost: time, memory, images seen and parameters, by arm, with the pre-training that arms start from. */
import type { Study, StudyCell } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { armsOf, describeArm } from "./arm.ts";
import { durationText } from "./number-format.ts";
import { armName } from "./result-tables.ts";

interface CostRow {
  readonly name: Markup;
  readonly models: number;
  readonly seconds: number;
  readonly imagesSeen: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly parameters: number | undefined;
}

export function costSection(study: Study): Markup {
  const pretraining = study.pretraining.map(
    (run): CostRow => ({
      name: html`Pre-training ${describeArm(run.method, study.head).name} <small>once, ${run.images.toLocaleString("en-US")} images</small>`,
      models: 1,
      seconds: run.seconds,
      imagesSeen: run.imagesSeen,
      memoryBytes: run.memoryBytes,
      parameters: undefined,
    }),
  );
  const arms = armsOf(study).flatMap((arm): CostRow[] => {
    const cells = study.cells.filter((cell) => cell.arm === arm.id);
    if (cells.length === 0) return [];
    return [
      {
        name: armName(arm),
        models: cells.length,
        seconds: cells.reduce((sum, { seconds }) => sum + seconds, 0) / cells.length,
        imagesSeen: most(cells, "imagesSeen"),
        memoryBytes: most(cells, "memoryBytes"),
        parameters: most(cells, "parameters"),
      },
    ];
  });
  const rows = [...pretraining, ...arms].map(
    ({ name, models, seconds, imagesSeen, memoryBytes, parameters }) => html`<tr><th scope="row">${name}</th>
      <td>${models}</td><td>${durationText(seconds)}</td><td>${grouped(imagesSeen)}</td>
      <td>${memoryBytes === undefined ? "\u2013" : `${(memoryBytes / 1e9).toFixed(1)} GB`}</td>
      <td>${parameters === undefined ? "\u2013" : `${(parameters / 1e6).toFixed(2)} M`}</td></tr>`,
  );
  return html`
    <h2 id="cost">What it cost</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Cost"><table>
      <thead><tr><th></th><th scope="col">models</th><th scope="col">time of one</th><th scope="col">images seen</th>
        <th scope="col">memory, peak</th><th scope="col">parameters</th></tr></thead>
      <tbody>${rows}</tbody>
    </table></div>
    <p class="note">Training alone, without measuring. Images seen: crops or views, repetitions counted; the arms of a study see equally
    many labeled ones, but for networks that plan their own batch and runs that validation patients ended, and with unlabeled images taking
    part these beside them. Memory is the process's, everything that was loaded before included.</p>`;
}

function most(cells: readonly StudyCell[], what: "imagesSeen" | "memoryBytes" | "parameters"): number | undefined {
  const values = cells.flatMap((cell) => cell[what] ?? []);
  return values.length === 0 ? undefined : Math.max(...values);
}

const grouped = (value: number | undefined): string => value?.toLocaleString("en-US") ?? "\u2013";
