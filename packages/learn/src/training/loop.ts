/**
 * What pre-training and fine-tuning share: the steps, one after the other, watched and interruptible.
 *
 * Stopping   after each step the event loop runs, so that a signal to stop is heard; the run then writes a checkpoint and
 *            ends. So it does before its time is up.
 * Numbers    a step's numbers are read when the next one is under way, so that a device never waits to be asked; on the CPU at
 *            once.
 * Divergence a loss or gradient that is not a number moves no weight, and stops the run; the last checkpoint stays.
 * Ranks      of several processes all stop at the same step; the first one speaks and writes.
 */
import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { MedsslError, type RunListener } from "@medssl/contract";
import { type Device, full, HostCopy, noGrad, scope, stack, type Tensor } from "@medssl/torch";
import type { Ranks } from "../objectives/ranks.ts";
import { learningRateAt, type Schedule } from "../optim/schedule.ts";
import { appendMetrics, checkpointPath, type MetricsLine } from "./run-directory.ts";

/** What a step comes to; scalars on the device. */
export interface StepOutcome {
  readonly loss: Tensor;
  /** Before clipping. */
  readonly gradientNorm: Tensor;
  /** Parts of the loss and the numbers that are followed beside it. */
  readonly parts: Readonly<Record<string, Tensor>>;
}

export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Spent so far, with earlier parts of the run. */
  readonly seconds: number;
}

export interface LoopOptions {
  /** What the run does, for a person. */
  readonly name: string;
  readonly dir: string;
  readonly device: Device;
  readonly firstStep: number;
  readonly schedule: Schedule;
  readonly imagesPerStep: number;
  /** Images of an epoch. */
  readonly imagesPerEpoch: number;
  /** Seconds that earlier parts of this run took. */
  readonly secondsBefore: number;
  /** 0: by time alone. */
  readonly checkpointEverySteps: number;
  readonly checkpointEveryMinutes: number;
  readonly ranks: Ranks;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  /** The run ends before the process is this old. */
  readonly timeLimitSeconds?: number | undefined;
  /** Forward, backward, update; what it allocates is freed behind it. @param step 0-based */
  takeStep(step: number, learningRate: number): StepOutcome;
  checkpoint(progress: Progress): void;
  /** Whether `watch` looks at the weights behind this step, so that no further one may be under way. @param step 1-based */
  watchesWeights?(step: number): boolean;
  /** Looks at the numbers of a step, and does what is due behind it. @returns "finished" when no further step is of use */
  // biome-ignore lint/suspicious/noConfusingVoidType: most watchers return nothing
  watch?(line: MetricsLine): Promise<"finished" | void>;
}

export interface LoopResult extends Progress {
  readonly isComplete: boolean;
}

export async function runSteps(options: LoopOptions): Promise<LoopResult> {
  const { name, schedule, firstStep, listen } = options;
  listen({ type: "start", name, totalSteps: schedule.totalSteps, firstStep });
  const startMs = performance.now();
  const seconds = () => options.secondsBefore + (performance.now() - startMs) / 1000;
  let isComplete = false;
  const loop = new Loop(options, seconds);
  try {
    isComplete = await loop.run();
  } finally {
    listen({ type: "done", isComplete, seconds: seconds() });
  }
  return { isComplete, step: loop.stepsDone, seconds: seconds() };
}

/** Share of the newest step in the running speed. */
const SPEED_SMOOTHING = 0.1;
/** Steps and checkpoints that must still fit before the time limit, and seconds beside them. */
const SPARE = { times: 3, seconds: 1 };

/** Numbers that are not read yet. */
interface Pending {
  readonly step: number;
  readonly learningRate: number;
  readonly names: readonly string[];
  /** The loss, the gradient's norm, whether a process wants to stop, the parts: float32 [n]. */
  readonly numbers: HostCopy;
}

class Loop {
  readonly #options: LoopOptions;
  readonly #seconds: () => number;
  #stepSeconds = 0;
  #checkpointSeconds = 0;
  /** Spent on looking at the run, which is no time of a step. */
  #watchedMs = 0;
  #stepsDone: number;
  #lastCheckpoint = { step: 0, ms: performance.now() };
  #isStopping = false;
  #isFinished = false;

  constructor(options: LoopOptions, seconds: () => number) {
    this.#options = options;
    this.#seconds = seconds;
    this.#lastCheckpoint.step = options.firstStep;
    this.#stepsDone = options.firstStep;
  }

  /** Whose numbers were read. */
  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** @returns Whether all steps are done; false when it was stopped, with a checkpoint of that moment. */
  async run(): Promise<boolean> {
    const { firstStep, schedule, device, ranks, watchesWeights } = this.#options;
    let pending: Pending | undefined;
    const settle = async () => {
      const last = pending;
      pending = undefined;
      if (last !== undefined) await this.#read(last);
    };
    for (let step = firstStep; step < schedule.totalSteps; step++) {
      const startMs = performance.now();
      const started = this.#start(step);
      // Without waiting for a device, a step takes as long as its numbers let the next one begin.
      const watchedBefore = this.#watchedMs;
      if (device === "cpu") this.#timeStep((performance.now() - startMs) / 1000);
      await settle();
      pending = started;
      const isWatched = watchesWeights?.(step + 1) === true;
      if (device === "cpu" || isWatched) await settle();
      if (device !== "cpu") this.#timeStep((performance.now() - startMs - (this.#watchedMs - watchedBefore)) / 1000);
      await setImmediate();
      // Where nobody else has to be asked, a wish of this very moment counts.
      if (ranks.of === 1) this.#isStopping = this.#wantsToStop();
      const isDue = this.#isCheckpointDue(step + 1);
      if (isDue || this.#isStopping) await settle();
      if (this.#isFinished) break;
      if (this.#isStopping) {
        this.#checkpoint(step + 1);
        return false;
      }
      if (isDue) this.#checkpoint(step + 1);
    }
    await settle();
    return true;
  }

  #start(step: number): Pending {
    const { schedule, ranks, takeStep } = this.#options;
    const learningRate = learningRateAt(step, schedule);
    const wish = this.#wantsToStop() ? 1 : 0;
    return scope(() => {
      const { loss, gradientNorm, parts } = takeStep(step, learningRate);
      const scalars = [loss, gradientNorm, full([], wish, { device: loss.device }), ...Object.values(parts)];
      const numbers = noGrad(() => stack(scalars.map((scalar) => scalar.detach().to({ dtype: "float32" }))));
      const mean = ranks.of === 1 ? numbers : ranks.sum(numbers).div(ranks.of);
      return { step: step + 1, learningRate, names: Object.keys(parts), numbers: new HostCopy(mean) };
    });
  }

  /** Whether this process was told to stop, or its time is up; all stop when one does. */
  #wantsToStop(): boolean {
    const { signal, timeLimitSeconds = Number.POSITIVE_INFINITY } = this.#options;
    const needed = SPARE.times * (this.#stepSeconds + this.#checkpointSeconds) + SPARE.seconds;
    return signal?.aborted === true || performance.now() / 1000 + needed > timeLimitSeconds;
  }

  /** Tells a step's numbers, or that they are none. */
  async #read({ step, learningRate, names, numbers }: Pending): Promise<void> {
    const { dir, imagesPerStep, imagesPerEpoch, schedule, ranks, listen, watch } = this.#options;
    const [loss, gradientNorm, stops, ...values] = numbers.read() as Float32Array as unknown as number[];
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw this.#divergence(step, { loss: loss!, gradientNorm: gradientNorm!, learningRate });
    }
    if (stops! > 0) this.#isStopping = true;
    const metrics = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const imagesPerSecond = imagesPerStep / (this.#stepSeconds || Number.NaN);
    const line: MetricsLine = {
      step,
      loss: loss!,
      ...metrics,
      lr: learningRate,
      gradientNorm: gradientNorm!,
      epoch: (step * imagesPerStep) / imagesPerEpoch,
      ...(Number.isFinite(imagesPerSecond) ? { imagesPerSecond } : {}),
      seconds: this.#seconds(),
    };
    this.#stepsDone = step;
    if (ranks.index === 0) appendMetrics(dir, line);
    listen({
      type: "step",
      step,
      totalSteps: schedule.totalSteps,
      loss: loss!,
      learningRate,
      imagesPerSecond,
      secondsLeft: this.#stepSeconds * (schedule.totalSteps - step),
      memoryBytes: process.memoryUsage.rss(),
      metrics,
    });
    const watchStartMs = performance.now();
    if ((await watch?.(line)) === "finished") this.#isFinished = true;
    this.#watchedMs += performance.now() - watchStartMs;
  }

  #timeStep(took: number): void {
    this.#stepSeconds =
      this.#stepSeconds === 0 ? took : this.#stepSeconds + SPEED_SMOOTHING * (took - this.#stepSeconds);
  }

  #isCheckpointDue(step: number): boolean {
    const { checkpointEverySteps, checkpointEveryMinutes, schedule } = this.#options;
    if (step === schedule.totalSteps) return false;
    if (checkpointEverySteps > 0 && step - this.#lastCheckpoint.step >= checkpointEverySteps) return true;
    return performance.now() - this.#lastCheckpoint.ms > checkpointEveryMinutes * 60_000;
  }

  #checkpoint(step: number): void {
    const startMs = performance.now();
    if (this.#options.ranks.index === 0) this.#options.checkpoint({ step, seconds: this.#seconds() });
    this.#lastCheckpoint = { step, ms: performance.now() };
    this.#checkpointSeconds = (performance.now() - startMs) / 1000;
  }

  #divergence(
    step: number,
    { loss, gradientNorm, learningRate }: { loss: number; gradientNorm: number; learningRate: number },
  ): MedsslError {
    const { dir, schedule } = this.#options;
    const what = Number.isFinite(loss) ? `the gradient's norm is ${gradientNorm}` : `the loss is ${loss}`;
    const kept = existsSync(checkpointPath(dir)) ? ` The last good checkpoint is kept: ${checkpointPath(dir)}.` : "";
    const lower = (schedule.peak / 3).toExponential(1);
    return new MedsslError(
      "ERR_DIVERGED",
      `Training diverged at step ${step}: ${what} (learning rate ${learningRate.toExponential(1)}).`,
      {
        hint:
          step === 1
            ? `Nothing was learnt yet: look at the images (medssl inspect), and at the settings that differ from the recipe's.`
            : `Most often the learning rate is too high: begin again with learningRate=${lower}, or with precision=float32.${kept}`,
      },
    );
  }
}
