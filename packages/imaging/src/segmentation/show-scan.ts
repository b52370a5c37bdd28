/**
 * A scan as a model saw the ones that it learned from: turned for the eye, or as stored where their files did not say how
 * they lie (ACDC), which then are the scanner's own rows and columns.
 *
 * Placeholder  such a model meets files of the same making: NIfTI whose axes are exactly the patient's. They stay as stored,
 *              since their directions are no scanner's: a heart is cut at an angle to the patient.
 * Turned       what does say how it lies is turned for the eye, as ever: DICOM of a short axis then is upright, as stored.
 *              Nobody has seen how the model's own images lay, so a warning says it.
 */
import type { SegmentationPlan } from "@medssl/contract";
import { reorientForDisplay } from "../geometry/orientation.ts";
import type { Affine, Scan } from "../scan.ts";

export interface ShownScan {
  readonly shown: Scan;
  readonly warnings: readonly string[];
}

export function showScan(scan: Scan, { isAsStored = false }: Pick<SegmentationPlan, "isAsStored">): ShownScan {
  const { affine, modality } = scan;
  if (!isAsStored || affine === undefined) return { shown: reorientForDisplay(scan), warnings: [] };
  if (modality === undefined && isAlongAxes(affine)) {
    return {
      shown: scan,
      warnings: [
        "The model learned from files that do not say how they lie, and this one's directions look like a placeholder: its slices were taken as stored.",
      ],
    };
  }
  return {
    shown: reorientForDisplay(scan),
    warnings: [
      "The model learned from files that do not say how they lie, slices as stored; this one says it and was turned for the eye: look whether the masks fit.",
    ],
  };
}

/** Whether each step of a voxel goes along one axis of the patient alone. */
function isAlongAxes(affine: Affine): boolean {
  return [0, 1, 2].every((column) => {
    const steps = [affine[column]!, affine[4 + column]!, affine[8 + column]!].map(Math.abs).sort((a, b) => b - a);
    return steps[1]! < 1e-4 * steps[0]!;
  });
}
