/**
 * A label-efficiency study: pre-train once for each method, then fine-tune and measure every {arm, fraction, draw}.
 *
 *     DIR/settings.json      what the study is; a second run must agree with it
 *     DIR/split.json         who is held out
 *     DIR/leak-check.json    what of those is also learned from: nothing, or the study does not begin
 *     DIR/pretrain/METHOD    runs of pre-training
 *     DIR/cells/CELL         runs of fine-tuning, each with its scores in cell.json
 *     DIR/study.json, index.html, table.tex, figures/, failures/, *.csv    the report, renewed as cells end
 *
 * Fair     every arm has the same draws, crops, steps and batch size (study-runs.ts has the exceptions); the test patients are the same throughout, and no
 *          image of theirs is pre-trained on. Neither is one of a source's official test or validation, where the split
 *          kept to it: with masks or without.
 * Salts    of the stores must be one where patients are the user's own, or it is a warning where the split was given.
 * Lock     one process runs a study; a second one is refused. The runs themselves may be spread over several (study-jobs.ts).
 * Errors   `ERR_SALTS_DIFFER`, `ERR_STUDY_LEAK`, `ERR_STUDY_SETTINGS`, `ERR_RUN_BUSY`, and those of the split and of the runs
 * Resuming a cell that has its cell.json is kept; an interrupted run goes on from its checkpoint.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, type Study, type StudyCell, type StudyNote, type StudyPretraining } from "@medssl/contract";
import {
  casesOfPatients,
  checkSalts,
  readSplit,
  type Split,
  saltsDifferText,
  splitStores,
  storesOfDifferentSalts,
  writeSplit,
} from "@medssl/datasets";
import { loadEncoder } from "../models/load-encoder.ts";
import { writeReport } from "../report/report.ts";
import { lockRun } from "../training/run-lock.ts";
import { parseArms, type StudyArm } from "./arms.ts";
import { describeStudy } from "./describe-study.ts";
import { readFailures, writeFailures } from "./failures.ts";
import { writeJson } from "./json-file.ts";
import { missingLabelNotes, patientNotes } from "./label-notes.ts";
import { checkLeaks } from "./leak-check.ts";
import type { StudyTask } from "./run-process.ts";
import { type FailedTask, runJobs } from "./study-jobs.ts";
import type { StudyOptions } from "./study-options.ts";
import { type PlannedCell, pretrainMethod, readCell, runCell } from "./study-runs.ts";
import { claimFolder } from "./study-settings.ts";
import { unlabeledPool } from "./unlabeled-pool.ts";

export interface StudyResult {
  readonly study: Study;
  readonly isComplete: boolean;
  /** Path of the report. */
  readonly report: string;
}

export async function runStudy(options: StudyOptions): Promise<StudyResult> {
  const { dir, listen } = options;
  mkdirSync(dir, { recursive: true });
  using _lock = lockRun(dir);
  const arms = parseArms(options.arms, options.head, options.weights);
  compareSalts(options);
  // A file that cannot be read is told before anything is trained, not at the arm's first cell.
  for (const { weights } of arms)
    if (weights !== undefined) loadEncoder(weights, { imageSize: options.finetune.inputSize });
  const weights = Object.fromEntries(arms.flatMap(({ id, weights: file }) => (file ? [[weightsName(id), file]] : [])));
  const isNew = claimFolder({ ...options, weights });
  const splitPath = join(dir, "split.json");
  if (isNew || !existsSync(splitPath)) writeSplit(splitPath, chosenSplit(options));
  const split = readSplit(splitPath);
  const fixedNotes = [
    ...checkLeaks(options, split, unlabeledPool([...options.labeled, ...options.unlabeled], split)),
    ...patientNotes(split, options.fractions),
  ];
  for (const { text } of fixedNotes.filter(({ level }) => level === "warning")) {
    listen({ type: "note", level: "warning", message: text });
  }
  const work = new StudyWork(
    { ...options, arms: arms.map(({ id }) => id) },
    split,
    fixedNotes,
    planTasks(arms, options),
  );
  // Awaited here: a promise handed on would give the lock back at once.
  return await (options.jobs === undefined ? work.runHere() : work.runInProcesses(options.jobs, splitPath));
}

const PUBLISH_EVERY_MS = 10_000;

type CellTask = StudyTask & { readonly kind: "cell" };

class StudyWork {
  readonly #options: StudyOptions;
  readonly #split: Split;
  readonly #notes: readonly StudyNote[];
  readonly #tasks: readonly StudyTask[];
  readonly #cells: readonly CellTask[];
  readonly #pretraining = new Map<string, StudyPretraining>();
  readonly #finished = new Map<CellTask, StudyCell>();
  #failed: readonly FailedTask[] = [];
  #publishedMs = performance.now();

  constructor(options: StudyOptions, split: Split, notes: readonly StudyNote[], tasks: readonly StudyTask[]) {
    this.#options = options;
    this.#split = split;
    this.#notes = notes;
    this.#tasks = tasks;
    this.#cells = tasks.filter((task) => task.kind === "cell");
    for (const task of this.#cells) {
      const cell = readCell(options.dir, task.cell);
      if (cell !== undefined) this.#finished.set(task, cell);
    }
  }

  /** One run after the other. One that fails costs itself, and a pre-training its cells, as in several processes. */
  async runHere(): Promise<StudyResult> {
    const { signal, listen } = this.#options;
    const failed: FailedTask[] = [];
    const isLost = ({ cell }: CellTask) =>
      failed.some(({ task }) => task.kind === "pretrain" && task.method === cell.arm.method);
    for (const task of this.#tasks) {
      if (task.kind === "cell" && (this.#finished.has(task) || isLost(task))) continue;
      try {
        const isDone = await this.#perform(task);
        if (!isDone) return this.#publish();
      } catch (error) {
        if (!(error instanceof MedsslError)) throw error;
        failed.push({ task, error });
        listen({ type: "note", level: "warning", message: `${task.name} failed: ${error.message}` });
      }
      this.#failed = failed;
      if (signal?.aborted) break;
    }
    return this.#end();
  }

  /** @returns Whether it came to its end before the signal. */
  async #perform(task: StudyTask): Promise<boolean> {
    if (task.kind === "pretrain") {
      const run = await pretrainMethod(this.#options, this.#split, task.method, task.name);
      if (run !== undefined) this.#pretraining.set(task.method, run);
      return run !== undefined;
    }
    const cell = await runCell(this.#options, this.#split, task.cell, task.name);
    if (cell === undefined) return false;
    this.#finished.set(task, cell);
    await this.#publishAtTimes();
    return true;
  }

  async runInProcesses(jobs: NonNullable<StudyOptions["jobs"]>, splitPath: string): Promise<StudyResult> {
    const tasks = this.#tasks.filter((task) => task.kind === "pretrain" || !this.#finished.has(task));
    // One after the other: a report is written once at a time.
    let published: Promise<unknown> = Promise.resolve();
    this.#failed = await runJobs(
      tasks,
      jobs,
      { ...this.#options, splitPath },
      {
        pretrained: (run) => void this.#pretraining.set(run.method, run),
        finished: (task, cell) => {
          this.#finished.set(task, cell);
          published = published.then(() => this.#publishAtTimes());
          return published.then(() => {});
        },
      },
    );
    return this.#end();
  }

  async #end(): Promise<StudyResult> {
    // Nothing at all could be run: the settings are at fault, and the first failure says how.
    if (this.#finished.size === 0 && this.#failed.length > 0) throw this.#failed[0]!.error;
    const result = await this.#publish();
    if (!result.isComplete) return result;
    await writeFailures(this.#options, result.study);
    return this.#publish();
  }

  /** A report takes a second or two; cells of a small study may take less. */
  async #publishAtTimes(): Promise<void> {
    if (performance.now() - this.#publishedMs > PUBLISH_EVERY_MS) await this.#publish();
  }

  async #publish(): Promise<StudyResult> {
    const { dir } = this.#options;
    const cells = this.#cells.flatMap((task) => this.#finished.get(task) ?? []);
    const pretraining = this.#tasks.flatMap((task) =>
      task.kind === "pretrain" ? (this.#pretraining.get(task.method) ?? []) : [],
    );
    const failed = this.#failed.map(
      ({ task, error }): StudyNote => ({
        level: "warning",
        text: `${task.name} failed: ${error.message.replace(/\.$/, "")}. Run the command again to try it once more.`,
      }),
    );
    const study = describeStudy(this.#options, this.#split, this.#cells.length, pretraining, cells, {
      notes: [...this.#notes, ...failed, ...missingLabelNotes(cells)],
      failures: readFailures(dir),
    });
    writeJson(join(dir, "study.json"), study);
    if (cells.length > 0) await writeReport(study, dir);
    this.#publishedMs = performance.now();
    return { study, isComplete: cells.length === this.#cells.length, report: join(dir, "index.html") };
  }
}

const weightsName = (id: string): string => id.replace(/^imported:/, "").replace(/@.*/, "");

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

/** Pre-training first. Smallest share first, and every arm of a draw before the next draw: what is finished early can be compared. */
function planTasks(arms: readonly StudyArm[], options: StudyOptions): StudyTask[] {
  const methods = [...new Set(arms.flatMap(({ method }) => method ?? []))];
  const cells = planCells(arms, options);
  const total = methods.length + cells.length;
  return [
    ...methods.map(
      (method, i): StudyTask => ({ kind: "pretrain", method, name: `[${i + 1}/${total}] pre-train ${method}` }),
    ),
    ...cells.map((cell, i): StudyTask => {
      const { arm, fraction, draw } = cell;
      const place = `[${methods.length + i + 1}/${total}]`;
      return { kind: "cell", cell, name: `${place} ${arm.id}, ${fraction}% of labels, draw ${draw}` };
    }),
  ];
}

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
