/**
 * The report's pictures of images: predictions beside the truth, and reconstructions of masked images.
 */
import type { Study, StudyExample, StudyFailures } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { armsOf, describeArm, mainArm } from "./arm.ts";
import { percent } from "./number-format.ts";
import { pictureUri } from "./picture.ts";
import { armName } from "./result-tables.ts";
import { cellsAt, measuredFractions } from "./summary.ts";

const ranks = ["worst", "median", "best"] as const;

/** Worst, median and best test case of each arm at the smallest fraction, in its first draw. */
export function predictionSection(study: Study, dir: string): Markup | undefined {
  const fraction = measuredFractions(study)[0]!;
  const rows = armsOf(study).flatMap((arm) => {
    const cell = cellsAt(study, arm.id, fraction).find(({ examples }) => examples.length > 0);
    if (cell === undefined) return [];
    const pictures = ranks.flatMap((rank) => cell.examples.filter((example) => example.rank === rank));
    return html`
      <div class="arm-examples">
        <h3>${armName(arm)}</h3>
        <div class="examples">${pictures.map((example) => exampleFigure(example, dir))}</div>
      </div>`;
  });
  if (rows.length === 0) return undefined;
  return html`
    <h2 id="predictions">Predictions beside the truth</h2>
    <p>Worst, median and best test case of each arm with ${fraction}% of the labels, by Dice, in its first draw. From left to
    right: the image, the truth, the prediction.</p>
    ${rows}`;
}

/** The main arm's worst cases by each measure, all arms side by side. */
export function failureSection(study: Study, dir: string): Markup | undefined {
  const galleries = (study.failures ?? []).filter(({ cases }) => cases.length > 0);
  if (galleries.length === 0) return undefined;
  const { fraction } = galleries[0]!;
  const main = mainArm(armsOf(study))?.name ?? "the first arm";
  return html`
    <h2 id="failures">Where it fails</h2>
    <p>The test cases on which ${main} does worst with ${fraction}% of the labels, in its first draw, and how every arm does on them. From
    left to right: the image, the truth, the prediction.</p>
    ${galleries.map((gallery) => failureGallery(study, gallery, dir))}`;
}

function failureGallery(study: Study, { metric, cases }: StudyFailures, dir: string): Markup {
  const blocks = cases.map(({ case: name, arms }) => {
    const figures = arms.map(({ arm, dice, hd95Mm, picture: path }) => {
      const described = describeArm(arm, study.head);
      const distance = hd95Mm === undefined ? "" : `, HD95 ${hd95Mm.toFixed(1)} mm`;
      return html`
        <figure>${picture(path, dir, `${described.name}: image, truth, prediction`)}
          <figcaption><b>${armName(described)}</b> Dice ${percent(dice)}${distance}</figcaption>
        </figure>`;
    });
    const layout = figures.length % 3 === 1 || figures.length === 2 ? "examples pairs" : "examples";
    return html`<div class="arm-examples"><h3>${name}</h3><div class="${layout}">${figures}</div></div>`;
  });
  return html`<h3 class="metric">Worst by ${metric === "dice" ? "Dice" : "HD95"}</h3>${blocks}`;
}

export function reconstructionSection(study: Study, dir: string): Markup | undefined {
  if (study.pretraining.length === 0) return undefined;
  const figures = study.pretraining.map((run) => {
    const { name } = describeArm(run.method, study.head);
    return html`
      <figure>${picture(run.reconstructions, dir, `Reconstructions by ${name}`)}
        <figcaption><b>${name}</b>, after ${run.steps} steps.</figcaption>
      </figure>`;
  });
  return html`
    <h2 id="reconstructions">What pre-training learned to see</h2>
    <p>Images, what was left of them after masking, and the reconstruction. The reconstructed patches are brought back to
    gray values with the mean and the standard deviation of the <em>true</em> patch, and visible patches are pasted
    through: they look better than the model is.</p>
    <div class="reconstructions">${figures}</div>`;
}

function exampleFigure({ rank, case: name, dice, picture: path }: StudyExample, dir: string): Markup {
  return html`
    <figure>${picture(path, dir, `${rank} case: image, truth, prediction`)}
      <figcaption><b>${rank}, Dice ${percent(dice)}</b><br>${name}</figcaption>
    </figure>`;
}

function picture(path: string, dir: string, description: string): Markup {
  const uri = pictureUri(dir, path);
  if (uri === undefined) return html`<p class="missing note">The picture ${path} is missing.</p>`;
  return html`<img src="${uri}" alt="${description}">`;
}
