/**
 * The end of the report: all that someone needs to repeat the study or to doubt it. Settings of every stage as used,
 * split, draws with the labeled patients, machine, command, and what was left out.
 */
import type { Study } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { counted, durationText } from "./number-format.ts";
import { measuredFractions } from "./summary.ts";

type Row = readonly [string, string];

export function settingSections(study: Study): Markup {
  const stages = Object.entries(study.settings).map(([stage, settings]) => {
    const rows = flatten("", settings);
    return folded(stage, counted(rows.length, "setting"), rowsTable(rows));
  });
  return html`
    <h2 id="settings">Settings, split and machine</h2>
    ${study.omitted === "" ? undefined : html`<p><b>Left out.</b> ${study.omitted}</p>`}
    <h3>To repeat it</h3>
    <pre>${study.command}</pre>
    <h3>As used</h3>
    ${folded("Images", `${study.stores.length} stores`, storeTable(study))}
    ${folded("Split", `by patient, seed ${study.split.seed}`, rowsTable(splitRows(study)))}
    ${folded("Draws", "the labeled patients of each", html`${drawLists(study)}`)}
    ${stages}
    ${folded("Runs", durationText(totalSeconds(study)), runTable(study))}
    ${folded("Machine", "", rowsTable(flatten("", study.machine)))}`;
}

function splitRows({ split }: Study): Row[] {
  const side = (patients: number, images: number) => `${counted(patients, "patient")}, ${counted(images, "image")}`;
  return [
    ["train", side(split.trainPatients, split.trainImages)],
    ["test", side(split.testPatients, split.testImages)],
    ["seed", String(split.seed)],
    ["file", split.file],
  ];
}

function storeTable({ stores }: Study): Markup {
  const rows = stores.map((store): Row => {
    const labels = store.labels.length > 0 ? `; classes: ${store.labels.join(", ")}` : "";
    const size = `${store.size[0]} \u00d7 ${store.size[1]} px`;
    const count = `${counted(store.images, "image")} of ${counted(store.patients, "patient")}`;
    return [`${store.name} (${store.role})`, `${count}, ${size}${labels}`];
  });
  return rowsTable(rows);
}

/** Arms share a draw's patients, so the first cell of a fraction and draw speaks for all. */
function drawLists(study: Study): Markup[] {
  return measuredFractions(study).flatMap((fraction) => {
    const cells = study.cells.filter((cell) => cell.fraction === fraction);
    const draws = [...new Set(cells.map((cell) => cell.draw))].sort((a, b) => a - b);
    return draws.map((draw) => {
      const { patients } = cells.find((cell) => cell.draw === draw)!;
      const title = `${fraction}%, draw ${draw}, ${counted(patients.length, "patient")}:`;
      return html`<p class="ids"><b>${title}</b> ${patients.join(", ")}</p>`;
    });
  });
}

function runTable(study: Study): Markup {
  const pretraining = study.pretraining.map((run): Row => {
    return [
      `pre-train ${run.method}`,
      `${counted(run.images, "image")}, ${run.steps} steps, ${durationText(run.seconds)}; ${run.run}`,
    ];
  });
  const cells = study.cells.map((cell): Row => {
    return [
      `${cell.arm} ${cell.fraction}% draw ${cell.draw}`,
      `${cell.steps} steps, ${durationText(cell.seconds)}; ${cell.run}`,
    ];
  });
  return rowsTable([...pretraining, ...cells]);
}

function totalSeconds(study: Study): number {
  return [...study.pretraining, ...study.cells].reduce((sum, run) => sum + run.seconds, 0);
}

function folded(title: string, hint: string, content: Markup): Markup {
  return html`<details><summary>${title} <small>${hint}</small></summary>${content}</details>`;
}

function rowsTable(rows: readonly Row[]): Markup {
  const lines = rows.map(([name, value]) => html`<tr><td>${name}</td><td>${value}</td></tr>`);
  return html`<table class="settings"><tbody>${lines}</tbody></table>`;
}

/** Nested settings as dotted names: `acl.temperature`. */
function flatten(prefix: string, value: unknown): Row[] {
  if (typeof value !== "object" || value === null || isPlainList(value)) return [[prefix, plainText(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flatten(prefix === "" ? key : `${prefix}.${key}`, inner));
}

function isPlainList(value: object): boolean {
  return Array.isArray(value) && value.every((item) => typeof item !== "object");
}

function plainText(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainText).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === undefined || value === null ? "none" : String(value);
}
