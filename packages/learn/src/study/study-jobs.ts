/**
 * The runs of a study in several processes at once.
 *
 * Order    as planned; a cell waits until the pre-training is done that it starts from, and others go before it meanwhile.
 * Devices  process i computes on device i of those given, in turn.
 * Failures a run that fails or crashes costs itself, and a pre-training its cells; all others are finished.
 * Stopping the signal lets every process write a checkpoint. When this process is killed, they end.
 * Progress one line for all: steps of all runs, and a note when one ends.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { MedsslError, type PretrainMethod, type StudyCell, type StudyPretraining } from "@medssl/contract";
import type { RunAnswer, RunOrder, StudyTask } from "./run-process.ts";
import { SharedProgress } from "./shared-progress.ts";
import type { StudyJobs, StudyOptions } from "./study-options.ts";

export interface FailedTask {
  readonly task: StudyTask;
  readonly error: MedsslError;
}

export interface JobListener {
  pretrained(run: StudyPretraining): void;
  finished(task: StudyTask & { kind: "cell" }, cell: StudyCell): Promise<void>;
}

/** @returns What failed; a run that was stopped is not among it. */
export async function runJobs(
  tasks: readonly StudyTask[],
  jobs: StudyJobs,
  options: StudyOptions & { readonly splitPath: string },
  listener: JobListener,
): Promise<FailedTask[]> {
  const { signal } = options;
  const waiting = [...tasks];
  const failed: FailedTask[] = [];
  const unfinished = new Set(tasks.flatMap((task) => (task.kind === "pretrain" ? [task.method] : [])));
  const progress = new SharedProgress(tasks.map(stepsIn(options)), jobs.processes, options.listen);
  let changed = Promise.withResolvers<void>();

  const isReady = (task: StudyTask) =>
    task.kind === "pretrain" || task.cell.arm.method === undefined || !unfinished.has(task.cell.arm.method);
  const dropCellsOf = (method: PretrainMethod) => {
    for (const task of waiting.filter((one) => one.kind === "cell" && one.cell.arm.method === method)) {
      waiting.splice(waiting.indexOf(task), 1);
    }
  };
  const perform = async (task: StudyTask, device: string) => {
    const progressOf = progress.of(tasks.indexOf(task), task.name);
    try {
      const result = await runInProcess(task, device, jobs, options, progressOf);
      if (result === undefined) return;
      if (task.kind === "cell") await listener.finished(task, result as StudyCell);
      else {
        unfinished.delete(task.method);
        listener.pretrained(result as StudyPretraining);
      }
      progress.end(tasks.indexOf(task), task.name);
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      failed.push({ task, error });
      options.listen({ type: "note", level: "warning", message: `${task.name} failed: ${error.message}` });
      if (task.kind === "pretrain") dropCellsOf(task.method);
    } finally {
      changed.resolve();
      changed = Promise.withResolvers();
    }
  };
  let running = 0;
  const work = async (device: string) => {
    while (!signal?.aborted && waiting.length > 0) {
      const next = waiting.findIndex(isReady);
      if (next < 0) {
        if (running === 0) return;
        await changed.promise;
        continue;
      }
      const [task] = waiting.splice(next, 1);
      running++;
      await perform(task!, device);
      running--;
    }
  };
  const devices = Array.from({ length: jobs.processes }, (_, i) => jobs.devices[i % jobs.devices.length]!);
  await Promise.all(devices.map(work));
  progress.close(waiting.length === 0 && failed.length === 0 && !signal?.aborted);
  return failed;
}

const stepsIn =
  ({ pretrain, finetune }: StudyOptions) =>
  (task: StudyTask): number =>
    task.kind === "pretrain" ? pretrain.steps : finetune.steps;

async function runInProcess(
  task: StudyTask,
  device: string,
  { threads }: StudyJobs,
  options: StudyOptions & { readonly splitPath: string },
  progress: ReturnType<SharedProgress["of"]>,
): Promise<unknown> {
  const child = fork(new URL("./run-process.ts", import.meta.url), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const { dir, pretrain, finetune, splitPath, signal } = options;
  const folders = (stores: StudyOptions["labeled"]) => stores.map((store) => store.dir);
  const [labeled, unlabeled] = [folders(options.labeled), folders(options.unlabeled)];
  const order: RunOrder = { task, dir, pretrain, finetune, splitPath, device, threads, labeled, unlabeled };
  let last: Exclude<RunAnswer, { type: "event" }> | undefined;
  let errors = "";
  child.stderr?.on("data", (text: Buffer) => {
    errors = (errors + text).slice(-2000);
  });
  child.on("message", (message: RunAnswer) => {
    if (message.type === "event") progress(message.event);
    else last = message;
  });
  const stop = () => child.connected && child.send("stop");
  signal?.addEventListener("abort", stop);
  child.send(order);
  const [code, killedBy] = (await once(child, "close")) as [number | null, string | null];
  signal?.removeEventListener("abort", stop);
  if (last?.type === "done") return last.result;
  if (last?.type === "failed")
    throw new MedsslError(last.code, last.message, last.hint === undefined ? {} : { hint: last.hint });
  if (signal?.aborted) return undefined;
  const how = killedBy === null ? `ended with code ${code}` : `was ended by ${killedBy}`;
  const said =
    errors
      .trim()
      .split("\n")
      .find((line) => /error/i.test(line)) ??
    errors.trim().split("\n").at(-1) ??
    "";
  throw new MedsslError("ERR_STUDY_PROCESS", `its process ${how}${said === "" ? "" : `: ${said.trim()}`}`, {
    hint: "Run the study again; what is finished stays. Fewer --jobs need less memory.",
  });
}
