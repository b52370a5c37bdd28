/**
 * What pre-training and fine-tuning share: the steps, one after the other, watched and interruptible.
 *
 * After each step the event loop runs, so that a signal to stop is heard; the run then writes a checkpoint and ends.
 * A loss or gradient that is not a number stops the run at once; the last checkpoint stays.
 */
import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { MedsslError, type RunListener } from "@medssl/contract";
import { scope, type Tensor } from "@medssl/torch";
import { type AdamW, clipGradientNorm } from "../optim/adamw.ts";
import { learningRateAt, type Schedule } from "../optim/schedule.ts";
import { appendMetrics, checkpointPath } from "./run-directory.ts";

/** A step's loss, and the numbers that are followed beside it; scalars. */
export interface Losses {
  readonly loss: Tensor;
  readonly parts: Readonly<Record<string, Tensor>>;
}

interface StepResult {
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Parts of the loss and the like. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface LoopOptions {
  /** What the run does, for a person. */
  readonly name: string;
  readonly dir: string;
  readonly firstStep: number;
  readonly schedule: Schedule;
  readonly optimizer: AdamW;
  readonly gradientClipNorm: number;
  readonly imagesPerStep: number;
  /** Seconds that earlier parts of this run took. */
  readonly secondsBefore: number;
  readonly checkpointEveryMinutes: number;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  /** The forward pass of a step; what it allocates is freed behind it. @param step 0-based */
  forward(step: number): Losses;
  checkpoint(progress: { step: number; seconds: number }): void;
}

export interface LoopResult {
  readonly isComplete: boolean;
  readonly seconds: number;
}

/** Share of the newest step in the running speed. */
const SPEED_SMOOTHING = 0.1;

export async function runSteps(options: LoopOptions): Promise<LoopResult> {
  const { name, schedule, firstStep, listen } = options;
  listen({ type: "start", name, totalSteps: schedule.totalSteps, firstStep });
  const startMs = performance.now();
  const seconds = () => options.secondsBefore + (performance.now() - startMs) / 1000;
  let isComplete = false;
  try {
    isComplete = await stepOn(options, seconds);
  } finally {
    listen({ type: "done", isComplete, seconds: seconds() });
  }
  return { isComplete, seconds: seconds() };
}

/** @returns Whether all steps are done; false when the signal came, with a checkpoint of that moment. */
async function stepOn(options: LoopOptions, seconds: () => number): Promise<boolean> {
  const { dir, firstStep, imagesPerStep, listen, signal } = options;
  const { totalSteps } = options.schedule;
  let checkpointMs = performance.now();
  let stepSeconds = 0;
  for (let step = firstStep; step < totalSteps; step++) {
    const stepStartMs = performance.now();
    const result = scope(() => takeStep(step, options));
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
      throw divergence(step + 1, result, options);
    }
    const took = (performance.now() - stepStartMs) / 1000;
    stepSeconds = stepSeconds === 0 ? took : stepSeconds + SPEED_SMOOTHING * (took - stepSeconds);
    const { loss, learningRate, gradientNorm, metrics } = result;
    const imagesPerSecond = imagesPerStep / stepSeconds;
    appendMetrics(dir, { step: step + 1, loss, ...metrics, learningRate, gradientNorm, imagesPerSecond });
    listen({
      type: "step",
      step: step + 1,
      totalSteps,
      loss,
      learningRate,
      imagesPerSecond,
      secondsLeft: stepSeconds * (totalSteps - step - 1),
      metrics,
    });
    await setImmediate();
    if (signal?.aborted) {
      options.checkpoint({ step: step + 1, seconds: seconds() });
      return false;
    }
    if (performance.now() - checkpointMs > options.checkpointEveryMinutes * 60_000) {
      options.checkpoint({ step: step + 1, seconds: seconds() });
      checkpointMs = performance.now();
    }
  }
  return true;
}

/** Forward, backward, clipping, update. Nothing moves when a gradient is not a number. */
function takeStep(step: number, { forward, optimizer, schedule, gradientClipNorm }: LoopOptions): StepResult {
  const { loss, parts } = forward(step);
  loss.backward();
  const gradientNorm = clipGradientNorm(optimizer.parameters, gradientClipNorm);
  const learningRate = learningRateAt(step, schedule);
  const metrics = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, value.item()]));
  const result = { loss: loss.item(), learningRate, gradientNorm, metrics };
  if (Number.isFinite(gradientNorm)) optimizer.step(learningRate);
  return result;
}

function divergence(
  step: number,
  { loss, gradientNorm, learningRate }: StepResult,
  { dir, schedule }: LoopOptions,
): MedsslError {
  const what = Number.isFinite(loss) ? `the gradient's norm is ${gradientNorm}` : `the loss is ${loss}`;
  const kept = existsSync(checkpointPath(dir)) ? ` The last good checkpoint is kept: ${checkpointPath(dir)}.` : "";
  const lower = (schedule.peak / 3).toExponential(1);
  return new MedsslError(
    "ERR_DIVERGED",
    `Training diverged at step ${step}: ${what} (learning rate ${learningRate.toExponential(1)}).`,
    {
      hint: `Most often the learning rate is too high: begin again with learningRate=${lower}, or with precision=float32.${kept}`,
    },
  );
}
