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
 *          image of theirs is pre-trained on. Neither is one of a source's official test or validation, where the split
 *          kept to it: with masks or without.
 * Salts    of the stores must be one where patients are the user's own, or it is a warning where the split was given.
 * Errors   `ERR_SALTS_DIFFER`, and those of the split and of the runs
 * Resuming a cell that has its cell.json is kept; an interrupted run goes on from its checkpoint.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { PretrainRecipe, Study, StudyCell, StudyPretraining } from "@medssl/contract";
import {
  casesOfPatients,
  checkSalts,
  drawPatients,
  readSplit,
  type Split,
  saltsDifferText,
  splitStores,
  storesOfDifferentSalts,
  writeSplit,
} from "@medssl/datasets";
import type { Selection } from "../data/image-set.ts";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { writeReport } from "../report/report.ts";
import { finetune } from "../training/finetune.ts";
import { pretrain } from "../training/pretrain.ts";
import { reconstructionsPath } from "../training/run-directory.ts";
import { parseArm, type StudyArm } from "./arms.ts";
import { sampledCurve } from "./curve.ts";
import { describeStudy } from "./describe-study.ts";
import { writeExamples } from "./examples.ts";
import { readJson, writeJson } from "./json-file.ts";
import type { StudyOptions } from "./study-options.ts";
import { claimFolder } from "./study-settings.ts";

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
  compareSalts(options);
  const isNew = claimFolder(options);
  const splitPath = join(dir, "split.json");
  if (isNew || !existsSync(splitPath)) writeSplit(splitPath, chosenSplit(options));
  const split = readSplit(splitPath);
  const planned = planCells(arms, options);
  const methods = [...new Set(arms.flatMap(({ method }) => method ?? []))];
  const total = methods.length + planned.length;

  const pretraining: StudyPretraining[] = [];
  const finished = new Map(planned.map((cell) => [cell, readCell(dir, cell)]));
  const publish = async (): Promise<StudyResult> => {
    const cells = planned.flatMap((cell) => finished.get(cell) ?? []);
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
    if (finished.get(cell) !== undefined) continue;
    const { arm, fraction, draw } = cell;
    const name = `[${methods.length + i + 1}/${total}] ${arm.id}, ${fraction}% of labels, draw ${draw}`;
    const result = await runCell(options, split, cell, name);
    finished.set(cell, result);
    if (result === undefined || signal?.aborted) return publish();
    await publish();
  }
  return publish();
}

/** Who gives a split has decided who is who; a split of the study's own must not part what may be one person. */
function compareSalts({ labeled, unlabeled, split, listen }: StudyOptions): void {
  const stores = [...labeled, ...unlabeled];
  if (split === undefined) checkSalts(stores);
  const different = storesOfDifferentSalts(stores);
  if (different.length === 0) return;
  const message = `${saltsDifferText(different)}; who is held out may be pre-trained on`;
  listen({ type: "note", level: "warning", message });
}

function chosenSplit(options: StudyOptions): Split {
  const { split, labeled } = options;
  if (split === undefined) return splitStores(labeled, { ...options, needsMasks: true });
  // Refuses a split of other stores.
  casesOfPatients(
    labeled.flatMap((store) => store.cases),
    [...split.train, ...split.test],
  );
  return split;
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

/**
 * All images of patients who are not held out, with masks or without: a store may hold more images of theirs. Patients of an
 * official test whose masks nobody has are in no split, and are held out all the same.
 */
function unlabeledPool({ labeled, unlabeled }: StudyOptions, split: Split): Selection[] {
  const heldOut = new Set([...split.test, ...split.validation]);
  const official = new Set(split.sources.filter(({ way }) => way === "official").map(({ name }) => name));
  const stores = [...labeled, ...unlabeled];
  for (const { patient, source, split: side } of stores.flatMap((store) => store.cases)) {
    if ((side === "test" || side === "validation") && official.has(source)) heldOut.add(patient);
  }
  return stores.map((store) => ({
    store,
    cases: store.cases.filter(({ patient }) => !heldOut.has(patient)),
  }));
}

async function runCell(
  options: StudyOptions,
  split: Split,
  { arm, fraction, draw }: PlannedCell,
  name: string,
): Promise<StudyCell | undefined> {
  const dir = cellDir(options.dir, { arm, fraction, draw });
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
  const evaluation = await evaluateRun({
    ...options,
    dir,
    stores: options.labeled,
    on: "held-out",
    listen: () => {}, // a few seconds in each cell: not worth a line
  });
  if (evaluation === undefined) return undefined;
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
  writeJson(join(dir, CELL_FILE), cell);
  return cell;
}

/** A cell that an earlier run has finished. */
function readCell(dir: string, cell: PlannedCell): StudyCell | undefined {
  const path = join(cellDir(dir, cell), CELL_FILE);
  return existsSync(path) ? (readJson(path, "Delete it; the study makes it again.") as StudyCell) : undefined;
}

const CELL_FILE = "cell.json";

const cellDir = (dir: string, { arm, fraction, draw }: PlannedCell): string =>
  join(dir, "cells", `${arm.id}-${fraction}-${draw}`);

const pretrainDir = (dir: string, method: string): string => join(dir, "pretrain", method);
