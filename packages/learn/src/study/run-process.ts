/**
 * One run of a study in a process of its own: told by a message what to do, it answers with events and the result.
 *
 * Ends     with its run; at once when the study's process is gone; at the next checkpoint when told to stop. Ctrl-C reaches
 *          every process of a terminal: here it waits for the study's word.
 */
import { MedsslError, type PretrainMethod, type RunEvent } from "@medssl/contract";
import { openStore, readSplit } from "@medssl/datasets";
import { setNumThreads, useDevice } from "@medssl/torch";
import { type PlannedCell, pretrainMethod, type RunContext, runCell } from "./study-runs.ts";

export type StudyTask =
  | { readonly kind: "pretrain"; readonly method: PretrainMethod; readonly name: string }
  | { readonly kind: "cell"; readonly cell: PlannedCell; readonly name: string };

/** What can be sent: stores by their folders. */
export interface RunOrder extends Pick<RunContext, "dir" | "pretrain" | "finetune" | "device"> {
  readonly task: StudyTask;
  readonly labeled: readonly string[];
  readonly unlabeled: readonly string[];
  readonly splitPath: string;
  readonly threads: number;
}

export type RunAnswer =
  | { readonly type: "event"; readonly event: RunEvent }
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "failed"; readonly code: string; readonly message: string; readonly hint: string | undefined };

const answer = (message: RunAnswer) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));

async function obey(order: RunOrder, signal: AbortSignal): Promise<void> {
  useDevice(order.device);
  setNumThreads(order.threads);
  const open = (dirs: readonly string[]) => dirs.map((dir) => openStore(dir));
  const context: RunContext = {
    ...order,
    labeled: open(order.labeled),
    unlabeled: open(order.unlabeled),
    listen: (event) => void answer({ type: "event", event }),
    signal,
  };
  const { task } = order;
  const split = readSplit(order.splitPath);
  const result =
    task.kind === "pretrain"
      ? await pretrainMethod(context, split, task.method, task.name)
      : await runCell(context, split, task.cell, task.name);
  await answer({ type: "done", result });
}

if (process.send !== undefined) {
  const controller = new AbortController();
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => controller.abort());
  process.on("disconnect", () => process.exit(1));
  process.on("message", async (message: RunOrder | "stop") => {
    if (message === "stop") {
      controller.abort();
      return;
    }
    try {
      await obey(message, controller.signal);
      process.exit(0);
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      await answer({ type: "failed", code: error.code, message: error.message, hint: error.hint });
      process.exit(1);
    }
  });
}
