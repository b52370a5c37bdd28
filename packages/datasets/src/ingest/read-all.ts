/**
 * The work of an ingest: what is new goes through the worker threads, in the plan's order, and into the store.
 */

import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import { WorkerPool } from "@medssl/imaging";
import type { LabelRule } from "../label-rule.ts";
import type { StoreRecipes } from "../store/recipe.ts";
import { type ItemIntake, signatureOf } from "./item-intake.ts";
import type { Source } from "./list-sources.ts";
import type { PreparedItem, PrepareJob } from "./prepare-item.ts";
import type { PlannedItem, WorkPlan } from "./work-plan.ts";

/** Items that pass between two looks at what else has happened. */
const HEARING = 256;

/** A mistake of ours costs one item, not the archive. */
const readerBug = ({ item }: PlannedItem, error: Error): MedsslError =>
  new MedsslError("ERR_READER_BUG", `${item.files[0]}: the reader failed: ${error.stack ?? error.message}`, {
    hint: "Please report it, with the file if you can.",
  });

interface IngestJob extends PlannedItem, PrepareJob {
  /** Of the files as they were before they were read. */
  readonly signature: string;
}

export type ReaderPool = WorkerPool<IngestJob, PreparedItem>;

export function readerPool(options: { readonly workers?: number; readonly timeLimitSeconds?: number }): ReaderPool {
  const { workers = availableParallelism(), timeLimitSeconds = 60 } = options;
  return new WorkerPool({
    module: new URL("./prepare-worker.ts", import.meta.url),
    numWorkers: workers,
    nameOf: ({ item }) => item.files[0]!,
    // A series of many files may take longer than a file.
    timeLimitMsOf: ({ item }) => (timeLimitSeconds + item.files.length - 1) * 1000,
  });
}

export interface IngestWork {
  readonly plan: WorkPlan;
  readonly intake: ItemIntake;
  readonly sources: readonly Source[];
  /** Of each source. */
  readonly rules: readonly (LabelRule | undefined)[];
  readonly recipes: StoreRecipes;
}

/** Goes through the plan; decodes what is new. Returns whether it came to the end. */
export async function readAll(
  { plan, intake, sources, rules, recipes }: IngestWork,
  pool: ReaderPool,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const work = countedWork("ingest", plan.numFiles, listen, "files");
  const advance = ({ item }: PlannedItem) => {
    const { count } = intake.quarantine;
    work.advance(count > 0 ? { quarantined: count } : {}, item.files.length);
  };
  async function* jobs(): AsyncGenerator<IngestJob> {
    let numPassed = 0;
    for (const planned of plan.items()) {
      const { source, item } = planned;
      const signature = signatureOf(item, rules[source]);
      if (item.refusal !== undefined) {
        intake.refuse(planned, new MedsslError(item.refusal.code, item.refusal.message));
      } else if (!intake.isUnchanged(planned, signature)) {
        yield { ...planned, signature, modality: sources[source]!.facts.modality, recipes, rule: rules[source] };
        continue;
      }
      advance(planned);
      // Where nothing is new, this loop would not let a Ctrl-C be heard.
      if (++numPassed % HEARING === 0) await setImmediate();
      if (signal?.aborted) return;
    }
  }
  for await (const { job, result, error } of pool.run(jobs(), signal)) {
    if (result !== undefined) intake.accept(job, result, job.signature);
    else intake.refuse(job, error instanceof MedsslError ? error : readerBug(job, error));
    advance(job);
  }
  return work.end() && !signal?.aborted;
}
