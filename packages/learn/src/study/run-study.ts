/**
 * A label-efficiency study: pre-train once for each method, then fine-tune and measure every {arm, fraction, draw}.
 *
 *     DIR/settings.json      what the study is; a second run must agree with it
 *     DIR/split.json         who is held out
 *     DIR/pretrain/METHOD    runs of pre-training
 *     DIR/cells/CELL         runs of fine-tuning, each with its scores in cell.json
 *     DIR/study.json, index.html, figures/, *.csv    the report, renewed after each cell's end
 *
 * Fair     every arm has the same draws, crops, steps and batch size; the test patients are the same throughout, and no
 *          image of theirs is pre-trained on.
 * Resuming a cell that has its cell.json is kept; an interrupted run goes on from its checkpoint.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, relative } from "node:path";
import {
  type FinetuneRecipe,
  MedsslError,
  type PretrainRecipe,
  type RunListener,
  type Study,
  type StudyCell,
  type StudyPretraining,
} from "@medssl/contract";
import { drawPatients, makeSplit, readSplit, type Split, type Store, writeSplit } from "@medssl/datasets";
import { buildInfo, type Device, numThreads } from "@medssl/torch";
import type { Selection } from "../data/image-set.ts";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { writeReport } from "../report/report.ts";
import { finetune } from "../training/finetune.ts";
import { pretrain } from "../training/pretrain.ts";
import { reconstructionsPath } from "../training/run-directory.ts";
import { parseArm, type StudyArm } from "./arms.ts";
import { sampledCurve } from "./curve.ts";
import { writeExamples } from "./examples.ts";

export interface StudyOptions {
  readonly title: string;
  /** The command line, for the report. */
  readonly command: string;
  /** Stores with masks. */
  readonly labeled: readonly Store[];
  /** More images for pre-training. */
  readonly unlabeled: readonly Store[];
  readonly dir: string;
  readonly arms: readonly string[];
  /** Percent of the training patients. */
  readonly fractions: readonly number[];
  readonly draws: number;
  /** Network of the arms that name none. */
  readonly head: "hybrid" | "vit";
  readonly pretrain: PretrainRecipe;
  readonly finetune: FinetuneRecipe;
  /** Of the split and the draws. */
  readonly seed: number;
  readonly testFraction: number;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  /** What of the full matrix is left out, in words. */
  readonly omitted: string;
}

export interface StudyResult {
  readonly study: Study;
  readonly isComplete: boolean;
  /** Path of the report. */
  readonly report: string;
}

interface PlannedCell {
  readonly arm: StudyArm;
  readonly fraction: number;
  readonly draw: number;
}

export async function runStudy(options: StudyOptions): Promise<StudyResult> {
  const { dir, signal } = options;
  mkdirSync(dir, { recursive: true });
  const arms = options.arms.map((id) => parseArm(id, options.head));
  checkSettings(options);
  const cases = options.labeled.flatMap((store) => store.cases);
  const splitPath = join(dir, "split.json");
  if (!existsSync(splitPath)) writeSplit(splitPath, makeSplit(cases, options));
  const split = readSplit(splitPath);
  const planned = planCells(arms, options);
  const methods = [...new Set(arms.flatMap(({ method }) => method ?? []))];
  const total = methods.length + planned.length;

  const pretraining: StudyPretraining[] = [];
  const cells: StudyCell[] = [];
  const publish = async (): Promise<StudyResult> => {
    const study = describeStudy(options, split, planned.length, pretraining, cells);
    writeJson(join(dir, "study.json"), study);
    if (cells.length > 0) await writeReport(study, dir);
    return { study, isComplete: cells.length === planned.length, report: join(dir, "index.html") };
  };
  for (const [i, method] of methods.entries()) {
    const run = await pretrainMethod(options, split, method, `[${i + 1}/${total}] pre-train ${method}`);
    if (run === undefined) return publish();
    pretraining.push(run);
  }
  for (const [i, cell] of planned.entries()) {
    const { arm, fraction, draw } = cell;
    const name = `[${methods.length + i + 1}/${total}] ${arm.id}, ${fraction}% of labels, draw ${draw}`;
    const finished = await runCell(options, split, cell, name);
    if (finished === undefined) return publish();
    cells.push(finished);
    if (signal?.aborted) return publish();
    await publish();
  }
  return publish();
}

/** Smallest share first, and every arm of a draw before the next draw: what is finished early can be compared. */
function planCells(arms: readonly StudyArm[], { fractions, draws }: StudyOptions): PlannedCell[] {
  return fractions
    .toSorted((a, b) => a - b)
    .flatMap((fraction) =>
      // With all labels there is nothing to draw.
      Array.from({ length: fraction === 100 ? 1 : draws }, (_, draw) =>
        arms.map((arm) => ({ arm, fraction, draw })),
      ).flat(),
    );
}

async function pretrainMethod(
  options: StudyOptions,
  split: Split,
  method: PretrainRecipe["method"],
  name: string,
): Promise<StudyPretraining | undefined> {
  const dir = pretrainDir(options.dir, method);
  const run = await pretrain({
    ...options,
    name,
    selections: unlabeledPool(options, split),
    recipe: { ...options.pretrain, method },
    dir,
    isResumed: true,
  });
  if (!run.isComplete) return undefined;
  return {
    method,
    run: relative(options.dir, dir),
    images: run.images,
    steps: run.recipe.steps,
    seconds: run.seconds,
    curve: sampledCurve(dir),
    reconstructions: relative(options.dir, reconstructionsPath(dir)),
  };
}

/** All unlabelled images, and the labelled stores' images of patients who are not tested on. */
function unlabeledPool({ labeled, unlabeled }: StudyOptions, split: Split): Selection[] {
  const test = new Set(split.test);
  return [
    ...labeled.map((store) => ({ store, cases: store.cases.filter(({ patient }) => !test.has(patient)) })),
    ...unlabeled.map((store) => ({ store, cases: store.cases })),
  ];
}

async function runCell(
  options: StudyOptions,
  split: Split,
  { arm, fraction, draw }: PlannedCell,
  name: string,
): Promise<StudyCell | undefined> {
  const dir = join(options.dir, "cells", `${arm.id}-${fraction}-${draw}`);
  const cellPath = join(dir, "cell.json");
  if (existsSync(cellPath)) return JSON.parse(readFileSync(cellPath, "utf8"));
  const patients = drawPatients(split, fraction, draw);
  const chosen = new Set(patients);
  const run = await finetune({
    ...options,
    name,
    selections: options.labeled.map((store) => ({
      store,
      cases: store.cases.filter(({ patient, hasMask }) => hasMask && chosen.has(patient)),
    })),
    heldOutPatients: split.test,
    recipe: { ...options.finetune, head: arm.head, seed: options.finetune.seed + draw },
    encoder: arm.method === undefined ? undefined : pretrainDir(options.dir, arm.method),
    dir,
    isResumed: true,
  });
  if (!run.isComplete) return undefined;
  const evaluation = evaluateRun({ dir, stores: options.labeled, on: "held-out", device: options.device });
  const cell: StudyCell = {
    arm: arm.id,
    fraction,
    draw,
    labeledPatients: patients.length,
    labeledImages: run.images,
    patients,
    run: relative(options.dir, dir),
    steps: run.recipe.steps,
    seconds: run.seconds,
    curve: sampledCurve(dir),
    scores: evaluation.scores,
    examples: draw === 0 ? await writeExamples(evaluation, dir, options.dir) : [],
  };
  writeJson(cellPath, cell);
  return cell;
}

const pretrainDir = (dir: string, method: string): string => join(dir, "pretrain", method);

function describeStudy(
  options: StudyOptions,
  split: Split,
  plannedCells: number,
  pretraining: readonly StudyPretraining[],
  cells: readonly StudyCell[],
): Study {
  const { labeled, unlabeled, title, command, arms, fractions, draws, head, omitted, seed, dir } = options;
  const test = new Set(split.test);
  const masked = labeled.flatMap((store) => store.cases).filter(({ hasMask }) => hasMask);
  const describe = (store: Store, role: "labeled" | "unlabeled") => ({
    name: store.name,
    role,
    images: store.cases.length,
    patients: new Set(store.cases.map(({ patient }) => patient)).size,
    size: [store.info.recipe.width, store.info.recipe.height] as const,
    labels: store.info.labels.map(({ name }) => name),
  });
  return {
    version: 1,
    title,
    createdAt: new Date().toISOString(),
    command,
    machine: {
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      threads: numThreads(),
      "memory GiB": Math.round(totalmem() / 2 ** 30),
      device: options.device,
      node: process.versions.node,
      libtorch: buildInfo().torchVersion,
    },
    stores: [
      ...labeled.map((store) => describe(store, "labeled")),
      ...unlabeled.map((store) => describe(store, "unlabeled")),
    ],
    settings: { pretrain: options.pretrain, finetune: options.finetune },
    split: {
      file: relative(dir, join(dir, "split.json")),
      seed,
      trainPatients: split.train.length,
      testPatients: split.test.length,
      trainImages: masked.filter(({ patient }) => !test.has(patient)).length,
      testImages: masked.filter(({ patient }) => test.has(patient)).length,
    },
    head,
    arms,
    fractions,
    draws,
    omitted,
    pretraining,
    plannedCells,
    cells,
  };
}

/** A study's folder holds cells of one setting only; arms, fractions and draws may grow. */
function checkSettings({ dir, labeled, unlabeled, pretrain, finetune, head, seed, testFraction }: StudyOptions): void {
  const path = join(dir, "settings.json");
  const names = (stores: readonly Store[]) => stores.map((store) => `${store.dir}: ${store.cases.length} images`);
  const settings = {
    labeled: names(labeled),
    unlabeled: names(unlabeled),
    pretrain,
    finetune,
    head,
    seed,
    testFraction,
  };
  if (!existsSync(path)) {
    writeJson(path, settings);
    return;
  }
  const before: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
  const changed = Object.entries(settings).filter(
    ([key, value]) => JSON.stringify(before[key]) !== JSON.stringify(value),
  );
  if (changed.length > 0) {
    throw new MedsslError(
      "ERR_STUDY_SETTINGS",
      `${dir} holds a study with other settings: ${changed.map(([key]) => key).join(", ")} differ.`,
      {
        hint: `Give another --out, or the settings of ${path}.`,
      },
    );
  }
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, `${JSON.stringify(value, undefined, 2)}\n`);
  renameSync(`${path}.part`, path);
}
