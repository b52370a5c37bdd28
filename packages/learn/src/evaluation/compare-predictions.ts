/**
 * Masks that a model has just made, measured against their truth in the model's own labels.
 *
 * Labels   those of the model. The truth has their values; of a model with one label it may have any single value, such as
 *          255. Else `rule` says which.
 * Pairs    by path and name, as `compareMasks` finds them; one mask may be given one file. Truth without a prediction is
 *          nothing to tell.
 * Errors   `ERR_MASKS_MISSING`, `ERR_MASKS_EMPTY`. A pair that cannot be measured is listed, the others go on.
 */
import { statSync } from "node:fs";
import { type CaseScore, MedsslError, type Scores } from "@medssl/contract";
import type { Label, LabelRule } from "@medssl/datasets";
import { type CompareMasksOptions, comparePairs, ruleOfReferences } from "./compare-masks.ts";
import { type ListedMask, type MaskProblem, type PairedMasks, pairLists } from "./pair-masks.ts";

export interface PredictionComparison {
  readonly scores: Scores;
  /** Predictions that have a truth. */
  readonly numPaired: number;
  /** By the prediction's file. */
  readonly cases: ReadonlyMap<string, CaseScore>;
  /** Predictions that were not measured. */
  readonly problems: readonly MaskProblem[];
}

/** @param truth A folder of masks, or one mask. */
export async function comparePredictions(
  predictions: readonly ListedMask[],
  truth: string,
  labels: readonly Label[],
  options: CompareMasksOptions,
): Promise<PredictionComparison> {
  const paired = pairWithTruth(predictions, truth);
  const rule = options.rule ?? (await ruleOfModel(labels, paired, options));
  const { scores, problems } = await comparePairs(paired, rule, options);
  const fileOf = new Map(paired.pairs.map(({ name, prediction }) => [name, prediction]));
  const cases = new Map(scores.cases.map((score) => [fileOf.get(score.case)!, score]));
  return { scores, numPaired: paired.pairs.length, problems, cases };
}

function pairWithTruth(predictions: readonly ListedMask[], truth: string): PairedMasks {
  const entry = statSync(truth, { throwIfNoEntry: false });
  if (entry === undefined) throw new MedsslError("ERR_MASKS_MISSING", `${truth}: no such file or folder`);
  const [only] = predictions;
  if (!entry.isDirectory() && only !== undefined && predictions.length === 1) {
    return {
      pairs: [{ name: only.key, prediction: only.file, reference: truth, spacingMm: only.spacingMm }],
      problems: [],
    };
  }
  if (!entry.isDirectory()) {
    throw new MedsslError(
      "ERR_MASKS_MISSING",
      `${truth}: one mask cannot be the truth of ${predictions.length} images`,
      {
        hint: "Give a folder of masks that are called as their images.",
      },
    );
  }
  const { pairs, problems } = pairLists({ place: "the predictions", masks: predictions }, truth);
  const own = new Set(predictions.map(({ file }) => file));
  return { pairs, problems: problems.filter(({ file }) => own.has(file)) };
}

async function ruleOfModel(
  labels: readonly Label[],
  { pairs }: PairedMasks,
  options: CompareMasksOptions,
): Promise<LabelRule> {
  const [first] = labels;
  const ownValues = { kind: "indexed" as const, labels: labels.map((label) => ({ ...label, fileValue: label.value })) };
  if (labels.length > 1 || first === undefined || pairs.length === 0) return ownValues;
  const told = await ruleOfReferences(pairs, options);
  const [only, ...others] = told.labels;
  return only === undefined || others.length > 0 ? ownValues : { ...told, labels: [{ ...only, ...first }] };
}
