/**
 * Where the frames of one DICOM file lie in the patient.
 *
 * Axes     RAS+, as everywhere; DICOM has LPS+.
 * Frames   that follow one another evenly along a line, all of one orientation, are one volume. Others are a row of pictures
 *          without a place: phases, echoes, gaps, frames in another order. They stay in the file's order, and one volume is
 *          made of them, or several, where whole series are read: volume.ts.
 * Size     z is the distance of the frames; of a single one SpacingBetweenSlices, else SliceThickness, else NaN. A film has
 *          the size that its detector or scanner gives it, which is larger than life.
 * Source   PS3.3 C.7.6.2, C.7.6.16.2, 10.7; C.8.11.4 (ImagerPixelSpacing), C.8.16 (NominalScannedPixelSpacing)
 */

import { composeAffine, exchangeRasAndLps } from "../geometry/affine.ts";
import { addScaled, cross, dot, norm, normalized } from "../geometry/vectors.ts";
import type { Affine, Vec3 } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";
import { type FrameHeader, instanceHeader } from "./instance-header.ts";

export interface ImagePlace {
  readonly affine?: Affine | undefined;
  readonly spacingMm?: Vec3 | undefined;
  readonly warnings: readonly string[];
}

/** How far a frame may lie from its even place, as a share of the distance of two. */
const tolerance = 0.02;

export function placeOf(dataset: DicomDataset): ImagePlace {
  const { frames, numFrames } = instanceHeader(dataset, dataset.name);
  const [first] = frames;
  const inPlane = first?.spacingMm ?? flatSpacing(dataset);
  if (!first || !inPlane) return { warnings: [] };
  if (numFrames === 1) return placeOfSlice(first, inPlane, dataset);
  const spacingMm = [Number.NaN, ...inPlane] as const;
  if (frames.length !== numFrames || !first.positionMm || !first.directions) return { spacingMm, warnings: [] };
  const step = evenStep(frames);
  if (!step) return { spacingMm, warnings: [`The ${numFrames} frames do not follow one another evenly.`] };
  const spacing: Vec3 = [norm(step), ...inPlane];
  const lps = composeAffine(spacing, first.positionMm, [...first.directions, normalized(step)]);
  return { affine: exchangeRasAndLps(lps), spacingMm: spacing, warnings: [] };
}

function placeOfSlice(
  { positionMm, directions, thicknessMm }: FrameHeader,
  inPlane: readonly [number, number],
  dataset: DicomDataset,
): ImagePlace {
  const between = Math.abs(dataset.number("00180088") ?? 0);
  const z = between || thicknessMm || Number.NaN;
  const spacingMm: Vec3 = [z, ...inPlane];
  if (!positionMm || !directions) return { spacingMm, warnings: [] };
  // An affine of a single slice needs some thickness.
  const lps = composeAffine([z || 1, ...inPlane], positionMm, [...directions, cross(...directions)]);
  return { affine: exchangeRasAndLps(lps), spacingMm, warnings: [] };
}

/** PixelSpacing was not there. */
function flatSpacing(dataset: DicomDataset): readonly [number, number] | undefined {
  for (const tag of ["00280030", "00182010", "00181164"]) {
    const [y = 0, x = 0] = dataset.numbers(tag);
    if (y > 0 && x > 0) return [y, x];
  }
  return undefined;
}

/** From each frame to the next, in mm; undefined where that is not one step, or lies in the frames' plane. */
function evenStep(frames: readonly FrameHeader[]): Vec3 | undefined {
  const directions = frames[0]!.directions!;
  const isParallel = ({ directions: others }: FrameHeader) =>
    others !== undefined && dot(others[0], directions[0]) > 0.9999 && dot(others[1], directions[1]) > 0.9999;
  if (!frames.every((frame) => frame.positionMm && isParallel(frame))) return undefined;
  const start = frames[0]!.positionMm!;
  const way = addScaled(frames.at(-1)!.positionMm!, start, -1);
  const step = addScaled([0, 0, 0], way, 1 / (frames.length - 1));
  const allowed = Math.abs(dot(step, cross(...directions))) * tolerance;
  const isEven = frames.every(({ positionMm }, i) => {
    return norm(addScaled(addScaled(positionMm!, start, -1), step, -i)) <= allowed;
  });
  return isEven && allowed > 0 ? step : undefined;
}
