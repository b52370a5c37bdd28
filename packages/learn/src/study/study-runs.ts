/**
 * The two kinds of runs that a study is made of: pre-training by a method, and a cell, which is fine-tuned and measured.
 *
 * Where    in the study's own process, or in another one (run-process.ts): a run needs nothing but `RunContext`.
 * Fair     every arm has the same draws, crops, steps and batch size; but for what makes an arm: `semi:` sees unlabelled crops
 *          beside them, and `auto-unet` plans its own crops and, on a GPU, its batch. `imagesSeen` counts what each saw.
 * Resuming a cell that has its cell.json is kept; an interrupted run goes on from its checkpoint.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type {
  FinetuneRecipe,
  PretrainMethod,
  PretrainRecipe,
  RunListener,
  StudyCell,
  StudyPretraining,
} from "@medssl/contract";
import { drawPatients, type Split, type Store } from "@medssl/datasets";
import type { Device } from "@medssl/torch";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { countParameters } from "../nn/module.ts";
import { finetune } from "../training/finetune.ts";
import { pretrain } from "../training/pretrain.ts";
import { type FinetuneRun, reconstructionsPath } from "../training/run-directory.ts";
import { armFolder, type StudyArm } from "./arms.ts";
import { sampledCurve } from "./curve.ts";
import { writeExamples } from "./examples.ts";
import { readJson, writeJson } from "./json-file.ts";
import { missingLabels } from "./label-notes.ts";
import { consistencyPool, unlabeledPool } from "./unlabeled-pool.ts";

export interface RunContext {
  /** The study's folder. */
  readonly dir: string;
  readonly labeled: readonly Store[];
  readonly unlabeled: readonly Store[];
  readonly pretrain: PretrainRecipe;
  readonly finetune: FinetuneRecipe;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface PlannedCell {
  readonly arm: StudyArm;
  readonly fraction: number;
  readonly draw: number;
}

/** @returns undefined when the signal came before its end. */
export async function pretrainMethod(
  context: RunContext,
  split: Split,
  method: PretrainMethod,
  name: string,
): Promise<StudyPretraining | undefined> {
  const dir = pretrainDir(context.dir, method);
  const memory = new PeakMemory();
  const recipe = { ...context.pretrain, method };
  const run = await pretrain({
    ...context,
    listen: memory.beside(context.listen),
    name,
    selections: unlabeledPool([...context.labeled, ...context.unlabeled], split),
    recipe,
    dir,
    isResumed: true,
  });
  if (!run.isComplete) return undefined;
  const memoryBytes = memory.kept(join(dir, "memory.json"));
  return {
    method,
    run: relative(context.dir, dir),
    images: run.images,
    steps: run.recipe.steps,
    seconds: run.seconds,
    imagesSeen: recipeImages(run.recipe),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    curve: sampledCurve(dir),
    reconstructions: relative(context.dir, reconstructionsPath(dir)),
  };
}

/** @returns undefined when the signal came before its end. */
export async function runCell(
  context: RunContext,
  split: Split,
  cell: PlannedCell,
  name: string,
): Promise<StudyCell | undefined> {
  const { arm, fraction, draw } = cell;
  const dir = cellDir(context.dir, cell);
  const patients = drawPatients(split, fraction, draw);
  const chosen = new Set(patients);
  const memory = new PeakMemory();
  const run = await finetune({
    ...context,
    listen: memory.beside(context.listen),
    name,
    selections: context.labeled.map((store) => ({
      store,
      cases: store.cases.filter(({ patient, hasMask }) => hasMask && chosen.has(patient)),
    })),
    pool: consistencyPool([...context.labeled, ...context.unlabeled], split, patients),
    heldOutPatients: split.test,
    recipe: {
      ...context.finetune,
      head: arm.head,
      seed: context.finetune.seed + draw,
      semi: arm.isSemi
        ? { ...context.finetune.semi, weight: context.finetune.semi.weight || 1 }
        : context.finetune.semi,
    },
    encoder: arm.weights ?? (arm.method && pretrainDir(context.dir, arm.method)),
    dir,
    isResumed: true,
  });
  if (!run.isComplete) return undefined;
  const evaluation = await evaluateRun({
    ...context,
    dir,
    stores: context.labeled,
    on: "held-out",
    listen: () => {}, // a few seconds in each cell: not worth a line
  });
  if (evaluation === undefined) return undefined;
  const memoryBytes = memory.kept(join(dir, "memory.json"));
  const result: StudyCell = {
    arm: arm.id,
    fraction,
    draw,
    labeledPatients: patients.length,
    labeledImages: run.images,
    patients,
    missingLabels: missingLabels(context.labeled, chosen),
    run: relative(context.dir, dir),
    steps: run.step,
    seconds: run.seconds,
    imagesSeen: imagesSeen(run),
    parameters: countParameters(loadSegmenter(dir, "cpu").network),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    curve: sampledCurve(dir),
    scores: evaluation.scores,
    examples: draw === 0 ? await writeExamples(evaluation, dir, context.dir) : [],
  };
  writeJson(join(dir, CELL_FILE), result);
  return result;
}

/** Views of both parts. */
const recipeImages = ({ steps, batchSize, convolutions }: PretrainRecipe): number =>
  steps * batchSize + convolutions.steps * convolutions.batchSize;

/** Crops, labelled and unlabelled; fewer than planned where validation patients stopped the run. */
function imagesSeen({ step, recipe: { batchSize, semi } }: FinetuneRun): number {
  const semiSteps = semi.weight > 0 ? Math.max(0, step - semi.startStep) : 0;
  return step * batchSize + semiSteps * semi.batchSize;
}

/** A cell that an earlier run has finished. */
export function readCell(dir: string, cell: PlannedCell): StudyCell | undefined {
  const path = join(cellDir(dir, cell), CELL_FILE);
  return existsSync(path) ? (readJson(path, "Delete it; the study makes it again.") as StudyCell) : undefined;
}

/** The most that a run's steps told; written beside the run, which later is only read. */
class PeakMemory {
  #bytes = 0;

  beside(listen: RunListener): RunListener {
    return (event) => {
      if (event.type === "step") this.#bytes = Math.max(this.#bytes, event.memoryBytes ?? 0);
      listen(event);
    };
  }

  kept(path: string): number | undefined {
    const { bytes = 0 } = existsSync(path) ? (readJson(path, "Delete it.") as { bytes?: number }) : {};
    const most = Math.max(bytes, this.#bytes);
    if (most > bytes) writeJson(path, { bytes: most });
    return most === 0 ? undefined : most;
  }
}

const CELL_FILE = "cell.json";

const cellDir = (dir: string, { arm, fraction, draw }: PlannedCell): string =>
  join(dir, "cells", `${armFolder(arm.id)}-${fraction}-${draw}`);

const pretrainDir = (dir: string, method: string): string => join(dir, "pretrain", method);
