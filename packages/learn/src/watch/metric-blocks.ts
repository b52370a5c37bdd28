/**
 * A run's metrics as means of blocks of steps: what of a curve is left when its noise is gone.
 *
 * A block ends every `size` steps. A metric that a step does not have, or that is not finite, is left out of the mean.
 */
import type { MetricsLine } from "../training/run-directory.ts";

export interface Block {
  readonly firstStep: number;
  readonly lastStep: number;
  readonly means: Readonly<Record<string, number>>;
  /** Of each step. */
  readonly gradientNorms: readonly number[];
}

export class MetricBlocks {
  readonly size: number;
  /** Complete ones, in order. */
  readonly blocks: Block[] = [];
  #lines: MetricsLine[] = [];

  /** @param size Steps in a block. */
  constructor(size: number) {
    this.size = size;
  }

  /** @returns Whether the line completes a block. */
  add(line: MetricsLine): boolean {
    this.#lines.push(line);
    if (this.#lines.length < this.size) return false;
    this.blocks.push(blockOf(this.#lines));
    this.#lines = [];
    return true;
  }
}

function blockOf(lines: readonly MetricsLine[]): Block {
  const values = new Map<string, number[]>();
  for (const [name, value] of lines.flatMap((line) => Object.entries(line))) {
    if (Number.isFinite(value)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return {
    firstStep: lines[0]!.step,
    lastStep: lines.at(-1)!.step,
    means: Object.fromEntries([...values].map(([name, all]) => [name, average(all)])),
    gradientNorms: values.get("gradientNorm") ?? [],
  };
}

export const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
