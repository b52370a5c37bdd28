/**
 * The report as one HTML file that needs nothing else: styles, figures and pictures are inside, and no script at all.
 *
 * Colors   the palettes become variables; a dark screen gets the dark one, paper always the light one.
 * Figures  are in it twice, for a wide page and for a phone; a media query shows one.
 */
import type { Study } from "@medssl/contract";
import { html, htmlPage, type Markup, trusted } from "@medssl/datasets";
import { ablationSection } from "./ablation-section.ts";
import { annotationBudgetSection } from "./annotation-budget-section.ts";
import { armsOf, describeHead } from "./arm.ts";
import { costSection } from "./cost-section.ts";
import { ablationFigure } from "./figures/ablation-figure.ts";
import { barsFigure } from "./figures/bars-figure.ts";
import { finetuningFigure, pretrainingFigure } from "./figures/curves-figure.ts";
import { darkPalette, type Figure, lightPalette, type Palette, pagePalette } from "./figures/figure.ts";
import { labelsFigure } from "./figures/labels-figure.ts";
import { overviewFigure } from "./figures/overview-figure.ts";
import { pairedFigure } from "./figures/paired-figure.ts";
import { scatterFigure } from "./figures/scatter-figure.ts";
import { findings } from "./findings.ts";
import { latexTable } from "./latex.ts";
import { counted } from "./number-format.ts";
import { dataUri, figureSvg } from "./picture.ts";
import { failureSection, predictionSection, reconstructionSection } from "./picture-sections.ts";
import { armName, pairedTable, resultTables } from "./result-tables.ts";
import { settingSections } from "./setting-sections.ts";

const WIDE = 760;
const NARROW = 352;

export interface ReportTable {
  /** File name, such as `cells.csv`. */
  readonly name: string;
  readonly content: string;
}

export interface ReportFigures {
  readonly overview: Figure;
  readonly bars: Figure;
  readonly labels: Figure | undefined;
  readonly paired: Figure | undefined;
  readonly ablation: Figure | undefined;
  readonly scatter: Figure | undefined;
  readonly pretraining: Figure | undefined;
  readonly finetuning: Figure | undefined;
}

export function reportFigures(study: Study): ReportFigures {
  return {
    overview: overviewFigure(study),
    bars: barsFigure(study),
    labels: labelsFigure(study),
    paired: pairedFigure(study),
    ablation: ablationFigure(study),
    scatter: scatterFigure(study),
    pretraining: pretrainingFigure(study),
    finetuning: finetuningFigure(study),
  };
}

/** Returns the page; `dir` holds the pictures that the study names. */
export function reportHtml(study: Study, dir: string, figures: ReportFigures, tables: readonly ReportTable[]): string {
  const colors = `${variables(lightPalette, ":root")}@media screen and (prefers-color-scheme: dark){${variables(darkPalette, ":root")}}`;
  return htmlPage({
    title: `${study.title}: label-efficiency study`,
    styles: [colors, new URL("./page.css", import.meta.url), new URL("./screens.css", import.meta.url)],
    body: html`
${header(study, figures)}
<main>
${results(study, figures)}
${annotationBudgetSection(study, figureMarkup)}
${ablationSection(study, figures.ablation && figureMarkup(figures.ablation))}
${predictionSection(study, dir)}
${failureSection(study, dir)}
${reconstructionSection(study, dir)}
${curves(figures)}
${costSection(study)}
${settingSections(study)}
${numbers(tables)}
</main>
<footer>MedSSL-ViT. Dice and IoU are measured per test case and averaged; research software, not a medical device.</footer>
`,
  });
}

function header(study: Study, figures: ReportFigures): Markup {
  const { lead, details } = findings(study);
  const images = study.stores.map((store) => `${counted(store.images, `${store.role} image`)} (${store.name})`);
  const day = study.createdAt.slice(0, 10);
  const meta = [
    ...images,
    `${counted(study.split.testPatients, "test patient")}`,
    counted(study.cells.length, "model"),
    day,
  ];
  const { length: done } = study.cells;
  const progress = html`<p class="banner"><b>In progress:</b> ${done} of ${study.plannedCells} models are trained. Means and
    comparisons cover those; run the command again to finish.</p>`;
  return html`
    <header>
      <p class="overline">Label-efficiency study</p>
      <h1>${study.title}</h1>
      <p class="meta">${meta.map((part) => html`<span>${part}</span>`)}</p>
      ${noteBanners(study)}
      ${done < study.plannedCells ? progress : undefined}
      <p class="lead">${lead}</p>
      ${figureMarkup(figures.overview)}
      <dl class="findings">${details.map(({ topic, text }) => html`<dt>${topic}</dt><dd>${text}</dd>`)}</dl>
      <nav aria-label="Sections">${navigation(study, figures)}</nav>
    </header>`;
}

/** Links to the sections that are there. */
function navigation(study: Study, figures: ReportFigures): Markup[] {
  const sections: readonly (readonly [id: string, name: string, isThere: boolean])[] = [
    ["results", "Results", true],
    ["paired", "Paired differences", true],
    ["ablation", "Ablation", figures.ablation !== undefined],
    ["predictions", "Predictions", study.cells.some(({ examples }) => examples.length > 0)],
    ["failures", "Failures", (study.failures ?? []).some(({ cases }) => cases.length > 0)],
    ["reconstructions", "Reconstructions", study.pretraining.length > 0],
    ["training", "Training", figures.pretraining !== undefined || figures.finetuning !== undefined],
    ["cost", "Cost", true],
    ["settings", "Settings", true],
    ["numbers", "Numbers", true],
  ];
  return sections.flatMap(([id, name, isThere]) => (isThere ? html`<a href="#${id}">${name}</a>` : []));
}

const levels = { error: "Not to be trusted:", warning: "Mind:", note: "" } as const;

function noteBanners({ notes = [] }: Study): Markup[] {
  return notes.map(({ level, text }) => html`<p class="banner ${level}"><b>${levels[level]}</b> ${text}</p>`);
}

function results(study: Study, figures: ReportFigures): Markup {
  const arms = armsOf(study).map((arm) => html`<dt>${armName(arm)}</dt><dd>${arm.description}</dd>`);
  return html`
    <h2 id="results">Results</h2>
    <dl class="arms">${arms}</dl>
    <p class="note">All but the U-Net segment with ${describeHead(study.head)}, unless said otherwise.</p>
    ${figureMarkup(figures.bars)}
    ${figures.labels && figureMarkup(figures.labels)}
    ${resultTables(study)}
    <details><summary>The table as LaTeX <small>table.tex, needs booktabs</small></summary><pre>${latexTable(study)}</pre></details>
    <h2 id="paired">Paired differences</h2>
    <p>With few labels the choice of patients moves every arm. So arms are compared draw by draw, each pair having learned
    from the same patients, and case by case on the same test patients.</p>
    ${figures.paired === undefined ? html`<p>No draw has two finished arms yet.</p>` : figureMarkup(figures.paired)}
    ${pairedTable(study)}
    ${figures.scatter && figureMarkup(figures.scatter)}`;
}

function curves({ pretraining, finetuning }: ReportFigures): Markup | undefined {
  if (pretraining === undefined && finetuning === undefined) return undefined;
  return html`
    <h2 id="training">Training curves</h2>
    ${pretraining && figureMarkup(pretraining)}
    ${finetuning && figureMarkup(finetuning)}`;
}

function numbers(tables: readonly ReportTable[]): Markup {
  const links = tables.map(({ name, content }) => {
    return html`<li><a download="${name}" href="${dataUri("text/csv", content)}">${name}</a></li>`;
  });
  return html`
    <h2 id="numbers">Numbers</h2>
    <p>Every number as CSV, inside this file and beside it; the figures lie beside it in <code>figures/</code> as SVG and PNG.</p>
    <ul>${links}</ul>`;
}

function figureMarkup(figure: Figure): Markup {
  const draw = (width: number, kind: string) =>
    trusted(inline(figure.draw({ palette: pagePalette, width }), kind, `${figure.title}. ${figure.caption}`));
  const download = html`<a class="download" download="${figure.name}.svg" href="${dataUri("image/svg+xml", figureSvg(figure))}">SVG</a>`;
  return html`
    <figure>
      ${draw(WIDE, "wide")}${draw(NARROW, "narrow")}
      <figcaption><b>${figure.title}.</b> ${figure.caption} ${download}</figcaption>
    </figure>`;
}

/** Inside HTML a drawing needs no namespace; it needs a class and a name for those who cannot see it. */
function inline(svg: string, kind: string, description: string): string {
  const label = html`class="${kind}" aria-label="${description}"`.markup;
  return svg.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("<svg", `<svg ${label}`);
}

function variables({ ink, muted, faint, paper, alarm, arms }: Palette, selector: string): string {
  const wash = `color-mix(in srgb, ${faint} 45%, ${paper})`;
  const colors = { ink, muted, faint, paper, wash, alarm, ...arms };
  const lines = Object.entries(colors).map(([name, color]) => `--${name.replace("+", "-")}:${color};`);
  return `${selector}{${lines.join("")}}`;
}
