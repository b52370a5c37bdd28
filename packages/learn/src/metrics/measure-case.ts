/**
 * All that is measured of one case, class by class.
 *
 * Shapes   label maps [D, H, W] as bytes, 0 background; a picture is a volume of one slice.
 * Units    spacing [z, y, x] in mm; a picture's z does not matter and may be NaN. Without a spacing nothing in mm is
 *          measured: voxels are no unit of length.
 * Empty    a class that neither map has says nothing about the case and is left out of it (it is no free 1). A class that
 *          only one map has: Dice, IoU, NSD and clDice 0, no distance. A share of nothing is left out. A case with no class
 *          left: Dice 1, as there was nothing to find and nothing was found.
 * Ignored  voxels whose truth is the ignored value are background in both maps, and so take no part in anything.
 */
import type { CaseScore, ClassScore } from "@medssl/contract";
import type { Label } from "@medssl/datasets";
import { usableSpacing, type Vec3 } from "@medssl/imaging";
import { clDice } from "./centerline-dice.ts";
import { classBox } from "./class-box.ts";
import { labelRegions } from "./label-regions.ts";
import { countLesions, lesionF1, lesionRecall } from "./lesions.ts";
import { type LabeledCase, meanOverlap, overlap } from "./overlap.ts";
import { assd, hd95, nsd, surfaceDistances } from "./surface-distances.ts";

export interface GriddedCase extends LabeledCase {
  readonly shape: Vec3;
  readonly spacingMm?: Vec3 | undefined;
}

export interface MeasureOptions {
  /** Foreground classes. */
  readonly labels: readonly Label[];
  readonly ignoredValue?: number | undefined;
  /** Of the NSD. */
  readonly toleranceMm: number;
  /** What clDice is measured of: thinning takes seconds for a large organ. */
  readonly clDice: "none" | "pictures" | "all";
}

export function measureCase(gridded: GriddedCase, options: MeasureOptions): CaseScore {
  const { case: name, patient, shape } = gridded;
  const { truth, prediction } = withoutIgnored(gridded, options.ignoredValue);
  const size = shape[0] * shape[1] * shape[2];
  if (truth.length !== size || prediction.length !== size) {
    throw new RangeError(`measureCase: maps of ${truth.length} and ${prediction.length} voxels, expected ${size}`);
  }
  const regionOf = labelRegions(truth, prediction, shape);
  const hasCenterLines = options.clDice === "all" || (options.clDice === "pictures" && shape[0] === 1);
  const spacingMm = usableSpacing(gridded.spacingMm, shape);
  const classes = options.labels.flatMap(({ name: label, value }): ClassScore[] => {
    const { inTruth, inPrediction, inBoth, box } = regionOf(value);
    if (box === undefined) return [];
    const both = classBox(truth, prediction, shape, box, value);
    const lesions = countLesions(both);
    const distances = spacingMm && surfaceDistances(both, spacingMm);
    const difference = inTruth === 0 ? undefined : (inPrediction - inTruth) / inTruth;
    const voxelMl = spacingMm && shape[0] > 1 ? (spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000 : undefined;
    return [
      {
        label,
        ...overlap(inTruth, inPrediction, inBoth),
        ...(distances
          ? { hd95Mm: hd95(distances), assdMm: assd(distances), nsd: nsd(distances, options.toleranceMm) }
          : spacingMm && { nsd: 0 }),
        ...(hasCenterLines ? { clDice: clDice(both) } : {}),
        lesionRecall: lesionRecall(lesions),
        lesionF1: lesionF1(lesions),
        volumeDifference: difference,
        absoluteVolumeDifference: difference === undefined ? undefined : Math.abs(difference),
        ...(voxelMl === undefined ? {} : { truthMl: inTruth * voxelMl, predictionMl: inPrediction * voxelMl }),
        voxels: { truth: inTruth, prediction: inPrediction, both: inBoth },
        lesions,
      },
    ];
  });
  return { case: name, patient, ...meanOverlap(classes), classes };
}

function withoutIgnored(
  { truth, prediction }: LabeledCase,
  ignored: number | undefined,
): { readonly truth: Uint8Array; readonly prediction: Uint8Array } {
  if (ignored === undefined || !truth.includes(ignored)) return { truth, prediction };
  return {
    truth: truth.map((value) => (value === ignored ? 0 : value)),
    prediction: prediction.map((value, i) => (truth[i] === ignored ? 0 : value)),
  };
}
