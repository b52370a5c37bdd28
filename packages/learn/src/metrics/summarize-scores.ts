/**
 * Scores of cases to those of a model.
 *
 * Means    a class: each number over the cases that have it. The whole: over the classes.
 * Missing  a distance to nothing is infinite: such cases are no part of its mean, but counted beside it, as missed (the
 *          prediction lacks the class) or invented (the truth does). Their Dice, NSD and clDice of 0 are part of the means.
 * Pooled   from the sums of voxels and lesions over all cases.
 */
import type {
  CaseScore,
  ClassMetrics,
  ClassScore,
  ClassSummary,
  LesionCounts,
  PooledMetrics,
  Scores,
  VoxelCounts,
} from "@medssl/contract";
import type { Label } from "@medssl/datasets";
import { lesionF1, lesionRecall } from "./lesions.ts";
import { meanOverlap, overlap } from "./overlap.ts";

/** In the order in which tables show them. */
export const METRICS: readonly (keyof ClassMetrics)[] = [
  ...(["dice", "iou", "sensitivity", "precision", "hd95Mm", "assdMm", "nsd", "clDice", "lesionRecall"] as const),
  ...(["lesionF1", "volumeDifference", "absoluteVolumeDifference", "truthMl", "predictionMl"] as const),
];

/** @param labels Foreground classes. */
export function summarizeScores(cases: readonly CaseScore[], labels: readonly Label[]): Scores {
  const classes = labels.flatMap(({ name: label }): ClassSummary[] => {
    const scores = cases.flatMap((score) => score.classes.filter((one) => one.label === label));
    return scores.length === 0 ? [] : [summarizeClass(label, scores)];
  });
  return { ...meanOverlap(classes), classes, cases };
}

function summarizeClass(label: string, scores: readonly ClassScore[]): ClassSummary {
  const means: Partial<Record<keyof ClassMetrics, number>> = {};
  const numMeasured: Partial<Record<keyof ClassMetrics, number>> = {};
  for (const metric of METRICS) {
    const values = scores.flatMap((score) => score[metric] ?? []);
    if (values.length === 0) continue;
    means[metric] = values.reduce((sum, value) => sum + value, 0) / values.length;
    numMeasured[metric] = values.length;
  }
  const { dice, iou, ...others } = means as Partial<ClassMetrics> & Pick<ClassMetrics, "dice" | "iou">;
  const voxels = sums<VoxelCounts>(scores.map((score) => score.voxels));
  if (voxels === undefined) return { label, dice, iou };
  const lesions = sums<LesionCounts>(scores.map((score) => score.lesions));
  return {
    label,
    dice,
    iou,
    ...others,
    voxels,
    lesions,
    numCases: scores.length,
    numMissed: scores.filter((score) => score.voxels?.prediction === 0).length,
    numInvented: scores.filter((score) => score.voxels?.truth === 0).length,
    numMeasured,
    pooled: pool(voxels, lesions),
  };
}

function pool({ truth, prediction, both }: VoxelCounts, lesions: LesionCounts | undefined): PooledMetrics {
  return {
    ...overlap(truth, prediction, both),
    ...(lesions && { lesionRecall: lesionRecall(lesions), lesionF1: lesionF1(lesions) }),
  };
}

/** Count by count; undefined where some have none. */
function sums<Counts extends object>(all: readonly (Counts | undefined)[]): Counts | undefined {
  const known = all.filter((counts) => counts !== undefined);
  if (known.length < all.length) return undefined;
  const names = Object.keys(known[0]!) as (keyof Counts)[];
  const sum = (name: keyof Counts) => known.reduce((total, counts) => total + Number(counts[name]), 0);
  return Object.fromEntries(names.map((name) => [name, sum(name)])) as Counts;
}
