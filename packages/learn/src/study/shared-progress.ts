/**
 * The progress of several runs at once as that of one: what a terminal shows in a line.
 */
import type { RunEvent, RunListener } from "@medssl/contract";

export class SharedProgress {
  readonly #steps: number[];
  readonly #speeds: number[];
  readonly #totals: readonly number[];
  readonly #startMs = performance.now();
  readonly #listen: RunListener;
  /** Steps that earlier processes did, which cost no time now. */
  #before = 0;
  #numDone = 0;

  constructor(totals: readonly number[], processes: number, listen: RunListener) {
    this.#totals = totals;
    this.#steps = totals.map(() => 0);
    this.#speeds = totals.map(() => 0);
    this.#listen = listen;
    const name = `${totals.length} runs, ${processes} at once`;
    listen({ type: "start", name, totalSteps: sum(totals), firstStep: 0 });
  }

  /** A listener for one of the runs. */
  of(index: number, name: string): RunListener {
    return (event: RunEvent) => {
      if (event.type === "note") this.#listen({ ...event, message: `${name}: ${event.message}` });
      if (event.type === "start" && event.totalSteps === this.#totals[index]) {
        this.#before += event.firstStep - this.#steps[index]!;
        this.#steps[index] = event.firstStep;
      }
      // Other work of a run, such as measuring, has steps of its own.
      if (event.type !== "step" || event.totalSteps !== this.#totals[index]) return;
      this.#steps[index] = event.step;
      this.#speeds[index] = event.imagesPerSecond;
      this.#tell(event.memoryBytes);
    };
  }

  /** One of the runs is complete. */
  end(index: number, name: string): void {
    this.#steps[index] = this.#totals[index]!;
    this.#speeds[index] = 0;
    this.#numDone++;
    this.#listen({ type: "note", level: "info", message: `${name}: done` });
    this.#tell(undefined);
  }

  close(isComplete: boolean): void {
    this.#listen({ type: "done", isComplete, seconds: this.#seconds() });
  }

  #tell(memoryBytes: number | undefined): void {
    const [step, totalSteps] = [sum(this.#steps), sum(this.#totals)];
    const running = this.#speeds.filter((speed) => speed > 0).length;
    this.#listen({
      type: "step",
      step,
      totalSteps,
      loss: Number.NaN,
      learningRate: Number.NaN,
      imagesPerSecond: sum(this.#speeds),
      secondsLeft: (this.#seconds() / Math.max(1, step - this.#before)) * (totalSteps - step),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      metrics: { done: this.#numDone, running },
    });
  }

  #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
