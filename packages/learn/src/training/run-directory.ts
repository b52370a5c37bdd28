/**
 * The folder of a run: what it is, how it went, where it can go on.
 *
 *     run.json                 what was trained, with every setting (`RunInfo`)
 *     metrics.jsonl            one object a step
 *     checkpoint.safetensors   where to resume, and checkpoint.previous.safetensors; gone when the run is complete
 *     encoder.safetensors      of a pre-training: the ViT, with timm's names
 *     hybrid.safetensors       of a pre-training with convolutions: the hybrid, ViT and all, but for its output layer
 *     convolutions/            its metrics and checkpoint
 *     projection.safetensors   of a pre-training with contrast: what maps tokens to the contrasted space
 *     reconstructions/         of a pre-training: what it painted, by step
 *     tensorboard/             the numbers of metrics.jsonl, and the pictures
 *     probe.jsonl              of a pre-training: the few-shot Dice, by step
 *     health.json              of a pre-training: how it went
 *     model.safetensors        of a fine-tuning: the whole network
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type FinetuneRecipe, MedsslError, type PostProcessing, type PretrainRecipe } from "@medssl/contract";
import type { Label, RecipeName, StoreRecipe } from "@medssl/datasets";
import { appendToFile, replaceFile } from "@medssl/imaging";
import { buildInfo, type Device, numThreads } from "@medssl/torch";
import type { Statistics } from "../augment/intensity.ts";
import { requireSameSettings } from "./same-settings.ts";

interface RunBase {
  readonly version: 1;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Folders of the stores that it learnt from. */
  readonly stores: readonly string[];
  readonly images: number;
  readonly statistics: Statistics;
  readonly isComplete: boolean;
  /** Steps done. */
  readonly step: number;
  readonly seconds: number;
  readonly machine: RunMachine;
}

/** What it was computed with. */
export interface RunMachine {
  readonly torch: string;
  readonly node: string;
  readonly device: string;
  readonly threads: number;
  readonly processes: number;
}

export const runMachine = (device: Device, processes: number): RunMachine => ({
  torch: buildInfo().torchVersion,
  node: process.versions.node,
  device,
  threads: numThreads(),
  processes,
});

export interface PretrainRun extends RunBase {
  readonly stage: "pretrain";
  readonly recipe: PretrainRecipe;
  /** Weights or run that it started from; null for none. */
  readonly init: string | null;
}

export interface FinetuneRun extends RunBase {
  readonly stage: "finetune";
  readonly recipe: FinetuneRecipe;
  /** Folder of the pre-training, or file of the weights, that it started from; null for none. */
  readonly encoder: string | null;
  readonly labels: readonly Label[];
  /** Patients whose labels were used. */
  readonly patients: readonly string[];
  /** Unlabelled images that took part, and the stores that they are of. */
  readonly pool?: { readonly stores: readonly string[]; readonly images: number };
  /** Value of mask pixels that say nothing, where there are such. */
  readonly ignoredValue?: number;
  /** Patients of `patients` who chose the weights; the Dice of these, and the step they are of. */
  readonly validation?: { readonly patients: readonly string[]; readonly dice: number; readonly step: number };
  /** What the label maps are made to look like; none where there is nothing of it. */
  readonly postProcessing?: PostProcessing;
  /** Patients who were kept for testing. */
  readonly heldOutPatients: readonly string[];
  /** Stored size of the images, and the channel and fit with which a new image is brought to it. */
  readonly input: StoreRecipe;
  /** What kinds of images it learned from, by how they were stored; runs of earlier versions do not say. */
  readonly kinds?: readonly RecipeName[];
  /** Whether they are volumes of which the files do not say how they lie: slices as stored. */
  readonly isAsStored?: boolean;
  /** Whether the pictures that it learned from have no black borders, so that those of others are cut off; earlier versions do not say. */
  readonly cropsBlackBorder?: boolean;
}

export type RunInfo = PretrainRun | FinetuneRun;

/** @param which The last one, the one before it, or the one that is being written. */
export const checkpointPath = (dir: string, which: "last" | "previous" | "next" = "last"): string =>
  join(dir, which === "last" ? "checkpoint.safetensors" : `checkpoint.${which}.safetensors`);
export const hasCheckpoint = (dir: string): boolean =>
  (["next", "last", "previous"] as const).some((which) => existsSync(checkpointPath(dir, which)));
export const encoderPath = (dir: string): string => join(dir, "encoder.safetensors");
export const hybridPath = (dir: string): string => join(dir, "hybrid.safetensors");
/** Of the second part of a pre-training. */
export const convolutionsDir = (dir: string): string => join(dir, "convolutions");
export const projectionPath = (dir: string): string => join(dir, "projection.safetensors");
/** Grid of originals, masked images and reconstructions. */
export const reconstructionsPath = (dir: string): string => join(dir, "reconstructions.png");
export const probePath = (dir: string): string => join(dir, "probe.jsonl");
export const healthPath = (dir: string): string => join(dir, "health.json");
export const modelPath = (dir: string): string => join(dir, "model.safetensors");
const infoPath = (dir: string): string => join(dir, "run.json");
const metricsPath = (dir: string): string => join(dir, "metrics.jsonl");

/** @throws {MedsslError} `ERR_RUN_MISSING` or `ERR_RUN_FOREIGN`. */
export function readRun(dir: string): RunInfo {
  if (!existsSync(infoPath(dir))) {
    throw new MedsslError("ERR_RUN_MISSING", `${dir}: expected the folder of a run, found no run.json`, {
      hint: "Give the folder that was --out of `medssl pretrain` or `medssl finetune`.",
    });
  }
  let run: RunInfo | undefined;
  try {
    run = JSON.parse(readFileSync(infoPath(dir), "utf8"));
  } catch {
    // told below
  }
  if (run?.version !== 1 || run.recipe === undefined) {
    throw new MedsslError("ERR_RUN_FOREIGN", `${dir}: its run.json is damaged, or another program's`, {
      hint: "Delete the folder, or give another one.",
    });
  }
  return run;
}

/** Reads a complete run of one stage. */
export function readCompleteRun<Stage extends RunInfo["stage"]>(
  dir: string,
  stage: Stage,
): Extract<RunInfo, { stage: Stage }> {
  const run = readRun(dir);
  if (run.stage !== stage) {
    throw new MedsslError("ERR_RUN_STAGE", `${dir}: expected a ${stage} run, this is a ${run.stage} run`, {
      hint: `Give the folder that was --out of \`medssl ${stage}\`.`,
    });
  }
  if (!run.isComplete) {
    throw new MedsslError("ERR_RUN_INCOMPLETE", `${dir}: this run has not come to its end`, {
      hint: `Finish it: medssl ${stage} ... --out ${dir} --resume`,
    });
  }
  return run as Extract<RunInfo, { stage: Stage }>;
}

/**
 * Looks whether a run may use the folder.
 *
 * @param settings What the run is to be, in the words of `RunInfo`.
 * @returns The run, when it is resumed and complete already: there is nothing left to do.
 * @throws {MedsslError} `ERR_RUN_EXISTS` when something is there and resuming was not asked for, `ERR_RUN_SETTINGS` when
 * it is complete with other settings.
 */
export function finishedRun<Stage extends RunInfo["stage"]>(
  dir: string,
  stage: Stage,
  isResumed: boolean,
  settings: Partial<Extract<RunInfo, { stage: Stage }>>,
): Extract<RunInfo, { stage: Stage }> | undefined {
  if (!existsSync(infoPath(dir))) return undefined;
  if (!isResumed) {
    throw new MedsslError("ERR_RUN_EXISTS", `${dir} already holds a run.`, {
      hint: readRun(dir).isComplete
        ? "Give another --out, or delete the folder."
        : "Go on with it by --resume, or give another --out.",
    });
  }
  if (!readRun(dir).isComplete) return undefined;
  const run = readCompleteRun(dir, stage);
  const before = Object.fromEntries(Object.keys(settings).map((name) => [name, run[name as keyof typeof run]]));
  requireSameSettings(infoPath(dir), before, settings);
  return run;
}

export function writeRun(dir: string, run: RunInfo): void {
  replaceFile(infoPath(dir), `${JSON.stringify(run, undefined, 2)}\n`);
  if (!run.isComplete) return;
  for (const which of ["next", "last", "previous"] as const) rmSync(checkpointPath(dir, which), { force: true });
}

/** One line of `metrics.jsonl`: the step, 1-based, and its numbers. */
export type MetricsLine = { readonly step: number } & Readonly<Record<string, number>>;

/** Forgets the steps after `lastStep`, which a resumed run does again: of the metrics, and of the probes. */
export function truncateMetrics(dir: string, lastStep: number): void {
  for (const path of [metricsPath(dir), probePath(dir)]) {
    if (path === probePath(dir) && !existsSync(path)) continue;
    const kept = readLines(path).filter(({ step }) => step <= lastStep);
    replaceFile(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
}

export function appendMetrics(dir: string, line: MetricsLine): void {
  appendToFile(metricsPath(dir), `${JSON.stringify(line)}\n`);
}

/** The steps that can be read: a kill or a full disk may leave part of a line. */
export const readMetrics = (dir: string): MetricsLine[] => readLines(metricsPath(dir));

function readLines(path: string): MetricsLine[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").flatMap(parseMetrics) : [];
}

function parseMetrics(line: string): MetricsLine[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
