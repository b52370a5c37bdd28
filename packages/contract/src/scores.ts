/**
 * What is measured of a segmentation: by class, by case, and over cases. docs/metrics.md has the definitions.
 *
 * Units    overlaps, shares and NSD 0-1, higher is better; distances in mm, volumes in ml, lower differences are better.
 * Absent   a number that says nothing: a distance where one mask is empty or no spacing is known, a share of nothing.
 * Cases    a class that neither truth nor prediction has in a case is no part of the case's `classes`.
 */

/** Voxels of a class. */
export interface VoxelCounts {
  readonly truth: number;
  readonly prediction: number;
  readonly both: number;
}

/** Connected parts of a class. */
export interface LesionCounts {
  readonly numLesions: number;
  /** True ones that the prediction touches. */
  readonly numFoundLesions: number;
  readonly numPredictedLesions: number;
  /** Predicted ones that touch no true one. */
  readonly numFalseLesions: number;
}

/** The numbers that are averaged over cases. */
export interface ClassMetrics {
  readonly dice: number;
  readonly iou: number;
  readonly sensitivity?: number | undefined;
  readonly precision?: number | undefined;
  readonly hd95Mm?: number | undefined;
  readonly assdMm?: number | undefined;
  readonly nsd?: number | undefined;
  readonly clDice?: number | undefined;
  readonly lesionRecall?: number | undefined;
  readonly lesionF1?: number | undefined;
  /** (prediction - truth) / truth, of voxels; above 0 too much was found. */
  readonly volumeDifference?: number | undefined;
  readonly absoluteVolumeDifference?: number | undefined;
  readonly truthMl?: number | undefined;
  readonly predictionMl?: number | undefined;
}

/** One class in one case. */
export interface ClassScore extends ClassMetrics {
  readonly label: string;
  readonly voxels?: VoxelCounts | undefined;
  readonly lesions?: LesionCounts | undefined;
}

export interface CaseScore {
  /** The image or volume. */
  readonly case: string;
  readonly patient: string;
  /** Mean over the foreground classes. */
  readonly dice: number;
  readonly iou: number;
  readonly classes: readonly ClassScore[];
}

/** Numbers from the sums of voxels and lesions over all cases, in which large cases count for more. */
export interface PooledMetrics {
  readonly dice: number;
  readonly iou: number;
  readonly sensitivity?: number | undefined;
  readonly precision?: number | undefined;
  readonly lesionRecall?: number | undefined;
  readonly lesionF1?: number | undefined;
}

/** One class over all cases: means over those that have the number. Counts are sums. */
export interface ClassSummary extends ClassScore {
  /** Cases in which truth or prediction have the class. */
  readonly numCases?: number | undefined;
  /** Those of them in which the prediction lacks it, and in which the truth does: no distance can be told there. */
  readonly numMissed?: number | undefined;
  readonly numInvented?: number | undefined;
  /** How often each mean has a value. */
  readonly numMeasured?: Readonly<Partial<Record<keyof ClassMetrics, number>>> | undefined;
  readonly pooled?: PooledMetrics | undefined;
}

/** The evaluation of one model: means over cases, and the cases. */
export interface Scores {
  /** Mean over the classes, so that a rare class counts like any other. */
  readonly dice: number;
  readonly iou: number;
  readonly classes: readonly ClassSummary[];
  readonly cases: readonly CaseScore[];
  /** Of the NSD. */
  readonly toleranceMm?: number | undefined;
  /** What could not be measured, and why: sentences. */
  readonly notes?: readonly string[] | undefined;
}
