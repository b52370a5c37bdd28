/**
 * What a run says while it works: the same events for the terminal, `metrics.jsonl` and, later, the web page.
 */

/** A run begins; `firstStep` > 0 when it resumes from a checkpoint. */
export interface StartEvent {
  readonly type: "start";
  /** What the run does, for a person: "pre-train mim+acl". */
  readonly name: string;
  readonly totalSteps: number;
  readonly firstStep: number;
  /** What a step goes through, for the speed. @default "images" */
  readonly unit?: "images" | "files" | "studies";
}

/** One optimiser step is done. */
export interface StepEvent {
  readonly type: "step";
  /** Steps done so far, 1-based. */
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Images (crops) a second, over the last few steps. */
  readonly imagesPerSecond: number;
  /** Estimated time left for this run, in seconds. */
  readonly secondsLeft: number;
  /** Memory of the process, in bytes. */
  readonly memoryBytes?: number;
  /** Parts of the loss and other numbers worth following, such as `mim`, `acl`, `aclTop1`, `gradientNorm`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A sentence worth reading: a plateau, a checkpoint, a skipped file. */
export interface NoteEvent {
  readonly type: "note";
  readonly level: "info" | "warning";
  readonly message: string;
}

/** The run is over. `isComplete` is false when it was interrupted; it can then be resumed. */
export interface DoneEvent {
  readonly type: "done";
  readonly isComplete: boolean;
  readonly seconds: number;
}

export type RunEvent = StartEvent | StepEvent | NoteEvent | DoneEvent;
export type RunListener = (event: RunEvent) => void;

export interface CountedWork {
  /** More is done. @param metrics Numbers worth following @param count Pieces @default 1 */
  advance(metrics?: Readonly<Record<string, number>>, count?: number): void;
  /** The work is over, be it that all pieces are done or not. Returns whether they are. */
  end(): boolean;
}

/** Tells of work that is counted and has no loss, such as reading files. */
export function countedWork(
  name: string,
  totalSteps: number,
  listen: RunListener,
  unit: "images" | "files" | "studies" = "images",
): CountedWork {
  const startMs = performance.now();
  const seconds = () => (performance.now() - startMs) / 1000;
  let step = 0;
  listen({ type: "start", name, totalSteps, firstStep: 0, unit });
  return {
    advance(metrics = {}, count = 1) {
      step += count;
      const imagesPerSecond = step / seconds();
      const secondsLeft = (totalSteps - step) / imagesPerSecond;
      listen({
        type: "step",
        step,
        totalSteps,
        loss: Number.NaN,
        learningRate: Number.NaN,
        imagesPerSecond,
        secondsLeft,
        metrics,
      });
    },
    end() {
      const isComplete = step === totalSteps;
      listen({ type: "done", isComplete, seconds: seconds() });
      return isComplete;
    },
  };
}
