/**
 * What is looked at while a network is pre-trained; by one process, and without changing anything of the run.
 *
 *     tensorboard/          all numbers of all steps, and the pictures
 *     reconstructions/      every few epochs, of the same images with the same masks
 *     probe.jsonl           the few-shot Dice, where a labelled store is given
 *     health.json           at the end: what was expected, what was seen, what was warned of
 */
import { copyFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { PretrainRecipe, RunListener } from "@medssl/contract";
import { appendToFile, replaceFile } from "@medssl/imaging";
import type { ImageSet } from "../data/image-set.ts";
import type { ViewOptions } from "../data/views.ts";
import { JointObjective } from "../objectives/joint.ts";
import type { PretrainingObjective } from "../objectives/pretraining.ts";
import { EventFile } from "../watch/event-file.ts";
import { type ExpectedCurve, expectedCurve } from "../watch/expected-curve.ts";
import type { FewShotProbe } from "../watch/few-shot-probe.ts";
import { healthReport, healthTable } from "../watch/health-report.ts";
import { RunMonitor } from "../watch/run-monitor.ts";
import { ReconstructionPictures } from "./reconstructions.ts";
import { healthPath, type MetricsLine, probePath, readMetrics, reconstructionsPath } from "./run-directory.ts";

export interface WatchOptions {
  readonly dir: string;
  readonly recipe: PretrainRecipe;
  readonly objective: PretrainingObjective;
  readonly set: ImageSet;
  readonly viewOptions: ViewOptions;
  readonly probe: FewShotProbe | undefined;
  /** Weights that the run started from. */
  readonly init?: string | undefined;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  readonly timeLimitSeconds?: number | undefined;
}

export class PretrainWatch {
  readonly #options: WatchOptions;
  readonly #events: EventFile;
  readonly #expected: ExpectedCurve | undefined;
  readonly #monitor: RunMonitor;
  readonly #pictures: ReconstructionPictures | undefined;
  readonly #probe: FewShotProbe | undefined;
  #lastEpoch = 0;

  /** After a resumed run's metrics are cut to its first step. */
  constructor(options: WatchOptions) {
    const { dir, objective, set, recipe, viewOptions, probe, init } = options;
    this.#options = options;
    this.#events = new EventFile(join(dir, "tensorboard"));
    // The ranges are of X-rays and of new weights.
    this.#expected = set.hasHounsfield || init !== undefined ? undefined : expectedCurve(recipe);
    this.#monitor = new RunMonitor({ totalSteps: recipe.steps, expected: this.#expected });
    for (const line of readMetrics(dir)) {
      this.#monitor.observe(line); // said before
      this.#lastEpoch = line["epoch"] ?? 0;
    }
    if (objective instanceof JointObjective) {
      this.#pictures = new ReconstructionPictures(objective, set, recipe, viewOptions);
    }
    this.#probe = probe;
  }

  async afterStep(line: MetricsLine): Promise<void> {
    const { step, ...values } = line;
    const { recipe, listen } = this.#options;
    this.#events.scalars(step, Object.fromEntries(Object.entries(values).map(([name, value]) => [tagOf(name), value])));
    for (const { level, message } of this.#monitor.observe(line)) listen({ type: "note", level, message });
    const epoch = line["epoch"] ?? 0;
    const isDue = (every: number) =>
      every > 0 && step < recipe.steps && Math.floor(epoch / every) > Math.floor(this.#lastEpoch / every);
    if (isDue(recipe.picturesEveryEpochs)) await this.#picture(step);
    if (isDue(recipe.probeEveryEpochs)) await this.measure(step);
    this.#lastEpoch = epoch;
  }

  /** The last picture and the health report. */
  async report(): Promise<void> {
    const { dir, recipe, listen } = this.#options;
    const path = await this.#picture(recipe.steps);
    if (path !== undefined) copyFileSync(path, reconstructionsPath(dir));
    const report = healthReport(readMetrics(dir), { expected: this.#expected, warnings: this.#monitor.warnings });
    replaceFile(healthPath(dir), `${JSON.stringify(report, undefined, 2)}\n`);
    // Warnings were told when they arose; without known ranges the last line of metrics says as much as a table.
    const isKnown = report.measuredOn !== null;
    listen({
      type: "note",
      level: "info",
      message: isKnown ? healthTable({ ...report, warnings: [] }) : report.verdict,
    });
  }

  /** @returns Its path; undefined where the method paints nothing. */
  async #picture(step: number): Promise<string | undefined> {
    if (this.#pictures === undefined) return undefined;
    const path = join(this.#options.dir, "reconstructions", `step-${String(step).padStart(7, "0")}.png`);
    await this.#pictures.write(path);
    this.#events.image(step, basename(reconstructionsPath(""), ".png"), readFileSync(path));
    return path;
  }

  /** The few-shot Dice, where there is time for it. */
  async measure(step: number): Promise<void> {
    const { dir, objective, listen } = this.#options;
    const result = await this.#probe?.measure(objective.encoder, this.#patience());
    if (result === undefined) return;
    appendToFile(probePath(dir), `${JSON.stringify({ step, ...result })}\n`);
    this.#events.scalars(step, { "probe/dice": result.dice });
    const percent = (dice: number) => (100 * dice).toFixed(1);
    const message = `Few-shot Dice after ${step} steps: ${percent(result.dice)} (${result.draws.map(percent).join(", ")}), in ${result.seconds.toFixed(0)} s`;
    listen({ type: "note", level: "info", message });
  }

  /** Ends a probe when the run is to stop, or its time is nearly up: a tenth is left for what a run does at its end. */
  #patience(): AbortSignal {
    const { signal, timeLimitSeconds } = this.#options;
    const signals = signal === undefined ? [] : [signal];
    if (timeLimitSeconds !== undefined) {
      const leftMs = 1000 * timeLimitSeconds - performance.now();
      signals.push(AbortSignal.timeout(Math.max(0, Math.round(0.9 * leftMs - 2000))));
    }
    return AbortSignal.any(signals);
  }
}

/** `aclTop1` is `acl/top1`: TensorBoard shows what begins alike together. */
function tagOf(name: string): string {
  const [, group, rest] = /^(acl|simclr|rotation)([A-Z]\w*)$/.exec(name) ?? [];
  if (group !== undefined) return `${group}/${rest![0]!.toLowerCase()}${rest!.slice(1)}`;
  return /^(acl|simclr|rotation)$/.test(name) ? `${name}/loss` : name;
}
