/**
 * Which number of a column may stand in bold: the highest mean, where the study shows that it is above every other arm.
 *
 * Family   Holm's correction goes over the other arms of the column: what is asked is whether this arm is ahead of all.
 */
import type { Study } from "@medssl/contract";
import { holm } from "../statistics/holm.ts";
import { armsOf } from "./arm.ts";
import { comparePairs, judge, pairedCells } from "./comparison.ts";
import { cellsAt, summarize } from "./summary.ts";

/** The arm that is clearly the best at one fraction; undefined where none is. @param label A class; else their mean */
export function clearlyBest(study: Study, fraction: number, label?: string): string | undefined {
  const ranked = armsOf(study)
    .flatMap(({ id }) => {
      const mean = summarize(study, id, fraction, label)?.dice.mean;
      return mean === undefined ? [] : [{ id, mean }];
    })
    .sort((a, b) => b.mean - a.mean);
  const [first, ...others] = ranked;
  if (first === undefined || others.length === 0) return undefined;
  const cells = cellsAt(study, first.id, fraction);
  const results = others.map(({ id }) => comparePairs(pairedCells(cells, cellsAt(study, id, fraction)), label));
  const corrected = holm(results.map((result) => result?.p ?? 1));
  const isAheadOfAll = results.every((result, i) => result !== undefined && judge(result, corrected[i]!) === "ahead");
  return isAheadOfAll ? first.id : undefined;
}
