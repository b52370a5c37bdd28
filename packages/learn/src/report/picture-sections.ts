/**
 * The report's pictures of images: predictions beside the truth, and reconstructions of masked images.
 */
import type { Study, StudyExample } from "@medssl/contract";
import { html, type Markup } from "@medssl/datasets";
import { armsOf, describeArm } from "./arm.ts";
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
