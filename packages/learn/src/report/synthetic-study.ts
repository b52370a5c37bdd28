/**
 * A study made of numbers alone, for tests and for looking at the report without training anything.
 *
 * The scores are of the size that real runs on chest X-rays have (one row per arm, a column per fraction, a number per
 * draw); classes, curves, cases and pictures are computed from them by formulas, the same each time.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CaseScore, CurvePoint, Scores, Study, StudyCell, StudyExample, StudyPretraining } from "@medssl/contract";
import { Resvg } from "@resvg/resvg-js";

export interface SyntheticOptions {
  /** Classes: the first scores highest, the last lowest. @default ["lungs"] */
  readonly labels?: readonly string[];
  /** @default unet, scratch, mim, mim+acl */
  readonly arms?: readonly string[];
  /** @default [1, 5, 10, 100] */
  readonly fractions?: readonly number[];
  /** Draws per fraction; 100% has one. @default 2 */
  readonly draws?: number;
  /** Leaves cells out, as in a study that is still at work. */
  readonly isFinished?: (cell: StudyCell) => boolean;
  readonly title?: string;
}

/** Mean Dice in percent, [fraction][draw]. */
const dice: Readonly<Record<string, Readonly<Record<number, readonly number[]>>>> = {
  unet: { 1: [91.5, 92.05, 92.4], 5: [93.2, 93.5, 93.3], 10: [94.04, 94.1, 93.9], 100: [95.2] },
  scratch: { 1: [89.22, 90.67, 90.1], 5: [90.96, 93.22, 92.5], 10: [92.26, 93.13, 92.9], 100: [93.29] },
  mim: { 1: [89.9, 92.58, 91.6], 5: [93.0, 93.84, 93.5], 10: [93.43, 94.02, 93.8], 100: [94.29] },
  "mim+acl": { 1: [92.61, 93.75, 93.2], 5: [94.19, 94.38, 94.2], 10: [94.36, 94.46, 94.5], 100: [94.83] },
  "scratch@hybrid": { 1: [92.0, 92.3, 92.5], 5: [93.4, 93.6, 93.5], 10: [94.1, 94.2, 94.2], 100: [95.2] },
  "mim+acl@hybrid": { 1: [93.23, 93.55, 93.4], 5: [94.3, 94.4, 94.4], 10: [94.6, 94.7, 94.7], 100: [95.38] },
};

const TRAIN_PATIENTS = 563;
const TEST_PATIENTS = 24;

export function syntheticStudy(options: SyntheticOptions = {}): Study {
  const { labels = ["lungs"], arms = ["unet", "scratch", "mim", "mim+acl"], fractions = [1, 5, 10, 100] } = options;
  const { draws = 2, isFinished = () => true, title = "Lungs in chest X-rays" } = options;
  const planned = arms.flatMap((arm) =>
    fractions.flatMap((fraction) =>
      (dice[arm]?.[fraction] ?? []).slice(0, draws).map((score, draw) => cell(arm, fraction, draw, score, labels)),
    ),
  );
  return {
    version: 1,
    title,
    createdAt: "2026-11-24T10:15:00.000Z",
    command:
      "npx medssl study --store stores/lungs --unlabelled stores/cxr --fractions 1,5,10,100 --draws 2 --out study",
    machine: {
      node: "24.21.0",
      torch: "2.15.0",
      device: "cpu",
      processor: "Xeon, 2 cores",
      threads: 2,
      "memory GB": 8,
    },
    stores: [
      { name: "lungs", role: "labeled", images: 704, patients: 704, size: [192, 192], labels },
      { name: "cxr", role: "unlabeled", images: 420, patients: 398, size: [192, 192], labels: [] },
    ],
    settings: {
      pretrain: { recipe: "laptop", steps: 700, learningRate: 1e-3, betas: [0.9, 0.95], acl: { temperature: 0.2 } },
      finetune: { head: "vit", steps: 200, batchSize: 8, learningRate: 2e-3, layerDecay: 0.8, freeze: false },
    },
    split: { file: "split.json", seed: 7, trainPatients: 563, testPatients: 141, trainImages: 563, testImages: 141 },
    head: "vit",
    arms,
    fractions,
    draws,
    omitted: "All labels were used in one draw only: there is nothing to draw at 100%.",
    plannedCells: planned.length,
    pretraining: ["mim", "mim+acl"].filter((method) => arms.some((arm) => arm.startsWith(method))).map(pretraining),
    cells: planned.filter(isFinished),
  };
}

/** The study with other mean Dice for one arm at one fraction, by draw: every case moves alike. */
export function withDice(study: Study, arm: string, fraction: number, means: readonly number[]): Study {
  return moved(study, (cell) =>
    cell.arm === arm && cell.fraction === fraction ? means[cell.draw]! - cell.scores.dice : 0,
  );
}

/** The study with as much added to every Dice of an arm. */
export function shifted(study: Study, arm: string, points: number): Study {
  return moved(study, (cell) => (cell.arm === arm ? points / 100 : 0));
}

/** The study as if only so many of its patients were tested on. */
export function withPatients(study: Study, count: number): Study {
  const cells = study.cells.map((cell) => ({
    ...cell,
    scores: { ...cell.scores, cases: cell.scores.cases.slice(0, count) },
  }));
  return { ...study, cells };
}

function moved(study: Study, by: (cell: StudyCell) => number): Study {
  const cells = study.cells.map((cell) => {
    const { scores } = cell;
    const more = by(cell);
    const cases = scores.cases.map((one) => ({ ...one, dice: one.dice + more }));
    return { ...cell, scores: { ...scores, dice: scores.dice + more, cases } };
  });
  return { ...study, cells };
}

/** Writes small drawings where the study names pictures. */
export function writeSyntheticPictures(study: Study, dir: string): void {
  const paths = study.cells.flatMap((cell) => cell.examples.map((example) => example.picture));
  for (const path of [...paths, ...study.pretraining.map((run) => run.reconstructions)]) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, new Resvg(path.includes("reconstructions") ? drawing(4, 4) : drawing(3, 1)).render().asPng());
  }
}

function cell(arm: string, fraction: number, draw: number, score: number, labels: readonly string[]): StudyCell {
  const patients = Math.ceil((TRAIN_PATIENTS * fraction) / 100);
  const run = `runs/${arm.replace(/\W/g, "-")}-${fraction}-${draw}`;
  return {
    arm,
    fraction,
    draw,
    labeledPatients: patients,
    labeledImages: patients,
    patients: Array.from(
      { length: patients },
      (_, i) => `P${String(1 + ((i * 37 + draw * 101) % 704)).padStart(4, "0")}`,
    ),
    run,
    steps: 200,
    seconds: 33 + noise(score),
    curve: curve(200, { loss: (step) => 0.14 + 0.82 * Math.exp(-step / 25) + (96 - score) / 200 }),
    scores: scores(score / 100, labels, arm.length + 7 * draw),
    examples: examples(run, score / 100),
  };
}

/** Cases scatter around `mean` so that their mean is `mean`; so do the classes of each case. */
function scores(mean: number, labels: readonly string[], seed: number): Scores {
  const centered = (count: number, width: number) =>
    Array.from({ length: count }, (_, i) => width * ((2 * i) / Math.max(1, count - 1) - (count > 1 ? 1 : 0)));
  const classOffsets = centered(labels.length, -0.03);
  const classScores = (value: number) =>
    labels.map((label, i) => ({ label, dice: value + classOffsets[i]!, iou: iou(value + classOffsets[i]!) }));
  // The same cases are hard for all; what is left to chance cancels out in the mean.
  const chance = Array.from({ length: TEST_PATIENTS }, (_, i) => 0.006 * noise(100 * seed + i + mean));
  const rest = chance.reduce((sum, value) => sum + value, 0) / TEST_PATIENTS;
  const offsets = centered(TEST_PATIENTS, 0.04).map((hardness, i) => hardness + chance[i]! - rest);
  const cases: CaseScore[] = offsets.map((offset, i) => ({
    case: `lungs/case-${i + 1}`,
    patient: `T${String(i + 1).padStart(2, "0")}`,
    dice: mean + offset,
    iou: iou(mean + offset),
    classes: classScores(mean + offset),
  }));
  return { dice: mean, iou: iou(mean), classes: classScores(mean), cases };
}

function examples(run: string, mean: number): StudyExample[] {
  const offsets = { best: 0.035, median: 0.01, worst: -0.2 } as const;
  return (["best", "median", "worst"] as const).map((rank) => ({
    rank,
    case: `lungs/case-${rank.length}`,
    dice: mean + offsets[rank],
    picture: `${run}/${rank}.png`,
  }));
}

function pretraining(method: string): StudyPretraining {
  const hasContrast = method === "mim+acl";
  const mim = (step: number) => (hasContrast ? 0.5 : 0.58) + 0.9 * Math.exp(-step / (hasContrast ? 90 : 140));
  const acl = (step: number) => 1.25 + 4.6 * Math.exp(-step / 45);
  const top1 = (step: number) => 1 - 0.85 * Math.exp(-step / 40);
  const loss = (step: number) => mim(step) + (hasContrast ? 0.1 * acl(step) : 0);
  return {
    method,
    run: `runs/pretrain-${method.replace("+", "-")}`,
    images: 983,
    steps: 700,
    seconds: 430,
    curve: curve(700, hasContrast ? { loss, mim, acl, aclTop1: top1 } : { loss, mim }),
    reconstructions: `pictures/reconstructions-${method.replace("+", "-")}.png`,
  };
}

function curve(steps: number, values: Readonly<Record<string, (step: number) => number>>): CurvePoint[] {
  return Array.from({ length: 50 }, (_, i) => {
    const step = Math.round(((i + 1) * steps) / 50);
    const entries = Object.entries(values).map(([name, at], k) => [name, at(step) * (1 + 0.03 * noise(step + k))]);
    return { step, values: Object.fromEntries(entries) };
  });
}

function iou(value: number): number {
  return value / (2 - value);
}

/** A number in [-1, 1] that looks like chance. */
function noise(seed: number): number {
  const wave = Math.sin(seed * 12.9898) * 43758.5453;
  return 2 * (wave - Math.floor(wave)) - 1;
}

/** A grid of gray panels with two lung-like ellipses, 96 px each. */
function drawing(columns: number, rows: number): string {
  const panel = (i: number) => {
    const [x, y, wobble] = [96 * (i % columns), 96 * Math.floor(i / columns), 3 * noise(i)];
    const lung = (cx: number) => `<ellipse cx="${cx}" cy="48" rx="${14 + wobble}" ry="30" fill="#334"/>`;
    return `<g transform="translate(${x} ${y})"><rect width="95" height="95" fill="#888"/>${lung(28)}${lung(67)}</g>`;
  };
  const panels = Array.from({ length: columns * rows }, (_, i) => panel(i)).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${96 * columns}" height="${96 * rows}">${panels}</svg>`;
}
