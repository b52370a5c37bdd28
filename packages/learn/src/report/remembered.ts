/**
 * Results that are made of the same cells are asked for by several tables and figures, and again after every cell of a
 * study at work: each is computed once, and forgotten with its cells.
 */
import type { StudyCell } from "@medssl/contract";

const numbers = new WeakMap<StudyCell, number>();
let last = 0;

/** A memory for one kind of result. */
export class Remembered<Result> {
  readonly #results = new WeakMap<StudyCell, Map<string, Result>>();

  /** @param what Tells results of the same cells apart */
  of(cells: readonly StudyCell[], what: string, compute: () => Result): Result {
    const [first] = cells;
    if (first === undefined) return compute();
    const results = this.#results.get(first) ?? new Map<string, Result>();
    this.#results.set(first, results);
    const key = JSON.stringify([what, ...cells.map(numberOf)]);
    const known = results.get(key);
    if (known !== undefined) return known;
    const result = compute();
    results.set(key, result);
    return result;
  }
}

function numberOf(cell: StudyCell): number {
  const number = numbers.get(cell) ?? ++last;
  numbers.set(cell, number);
  return number;
}
