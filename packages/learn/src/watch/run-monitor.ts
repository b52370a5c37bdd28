/**
 * Says in words when a run is not healthy, and how it compares with what its recipe is known to do.
 *
 * Pure: it sees the lines of `metrics.jsonl` and nothing else. A resumed run shows it the earlier lines first and drops what
 * it says of them.
 * Once     each illness is told when it appears, and again only when it had been gone for five blocks of steps.
 * Block    a seventieth of the run, 10 to 200 steps: ten steps of the `tiny` recipe, a little more than an epoch.
 */
import type { MetricsLine } from "../training/run-directory.ts";
import { compareWithExpected, comparisonText, type ExpectedCurve } from "./expected-curve.ts";
import { type Illness, illnesses } from "./illnesses.ts";
import { MetricBlocks } from "./metric-blocks.ts";

/** A sentence about a run, as a `NoteEvent` takes it. */
export interface HealthNote {
  /** `collapse`, `plateau`, ... of illnesses.ts; `expected` for a comparison with the recipe's curve. */
  readonly id: string;
  readonly level: "info" | "warning";
  readonly step: number;
  readonly message: string;
}

export interface RunMonitorOptions {
  readonly totalSteps: number;
  /** What the recipe is known to do, where it was measured. */
  readonly expected?: ExpectedCurve | undefined;
}

/** Blocks that an illness must be away before it is told again. */
const RECOVERED = 5;

export class RunMonitor {
  readonly #options: RunMonitorOptions;
  readonly #curves: MetricBlocks;
  /** Blocks since an illness was last seen. */
  readonly #absent = new Map<Illness, number>();
  /** The last ones, as many as a comparison needs. */
  #recent: MetricsLine[] = [];
  readonly #warnings: HealthNote[] = [];

  constructor(options: RunMonitorOptions) {
    this.#options = options;
    this.#curves = new MetricBlocks(Math.min(200, Math.max(10, Math.round(options.totalSteps / 70))));
  }

  /** All that were told so far. */
  get warnings(): readonly HealthNote[] {
    return this.#warnings;
  }

  /** @param line Steps come in order. @returns What there is to say now, mostly nothing. */
  observe(line: MetricsLine): HealthNote[] {
    const warnings = this.#curves.add(line) ? this.#examine(line.step) : [];
    this.#warnings.push(...warnings);
    return [...warnings, ...this.#compare(line)];
  }

  #examine(step: number): HealthNote[] {
    const { totalSteps, expected } = this.#options;
    const curves = { blocks: this.#curves.blocks, totalSteps, plateauLeftBySteps: expected?.plateauLeftBySteps };
    return illnesses.flatMap((illness) => {
      const seen = illness.see(curves);
      const absent = this.#absent.get(illness) ?? RECOVERED;
      if (seen === undefined) {
        this.#absent.set(illness, absent + 1);
        return [];
      }
      this.#absent.set(illness, 0);
      if (absent < RECOVERED) return [];
      const message = `Step ${step}: ${seen}. ${illness.meaning} ${illness.remedy}`;
      return [{ id: illness.id, level: "warning" as const, step, message }];
    });
  }

  #compare(line: MetricsLine): HealthNote[] {
    const { expected } = this.#options;
    if (expected === undefined) return [];
    this.#recent = [...this.#recent, line].slice(-expected.windowSteps);
    const points = expected.points.filter(({ step }) => step === line.step);
    if (points.length === 0) return [];
    const compared = compareWithExpected(this.#recent, { ...expected, points });
    if (compared.length === 0) return [];
    const isUsual = compared.every(({ verdict }) => verdict === "within");
    const message = `${isUsual ? "As" : "Not as"} on ${expected.measuredOn}: ${compared.map(comparisonText).join("; ")}.`;
    return [{ id: "expected", level: "info", step: line.step, message }];
  }
}
