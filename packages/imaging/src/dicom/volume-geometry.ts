/**
 * How a stack of slices lies in space.
 *
 * Planes    are alike where their direction cosines differ by less than 0.002 (a tenth of a degree) and their spacing by
 *           less than a thousandth.
 * Places    are the same within 0.01 mm.
 * Gap       a step along the normal of at least 1.5 times the usual one (the median).
 * Irregular a slice off the grid by more than a tenth of the usual step.
 * Tilt      from a tenth of a degree; then the steps' direction is kept, so that the affine has a shear.
 * Axes      DICOM's LPS+ until the affine, which is RAS+.
 */

import { composeAffine, exchangeRasAndLps, spacingOf } from "../geometry/affine.ts";
import { addScaled, cross, dot, norm, normalized } from "../geometry/vectors.ts";
import type { Affine, Vec3 } from "../scan.ts";
import type { FrameHeader } from "./instance-header.ts";

const maxCosineDifference = 0.002;
const maxSpacingDifference = 0.001;
export const samePlaceMm = 0.01;
const gapFactor = 1.5;
const maxIrregularity = 0.1;
const minTiltDegrees = 0.1;

export interface StackGeometry {
  /** The slices from the first to the last along the normal. */
  readonly order: readonly number[];
  readonly affine: Affine | undefined;
  readonly spacingMm: Vec3 | undefined;
  readonly tiltDegrees: number;
  readonly numMissing: number;
  readonly warnings: readonly string[];
}

export function isSamePlane(a: FrameHeader, b: FrameHeader): boolean {
  return (
    areNear(a.directions?.flat(), b.directions?.flat(), maxCosineDifference) &&
    areNear(a.spacingMm, b.spacingMm, maxSpacingDifference * (a.spacingMm?.[0] ?? 1))
  );
}

function areNear(a: readonly number[] = [], b: readonly number[] = [], most: number): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) <= most);
}

/** Position along the normal in mm; of planes that are alike. */
export function distanceOf({ positionMm, directions }: FrameHeader): number {
  return dot(positionMm!, cross(...directions!));
}

/** @param planes At least one; alike, all with positions, none at the place of another. */
export function stackGeometry(planes: readonly FrameHeader[]): StackGeometry {
  const distances = planes.map(distanceOf);
  const order = planes.map((_, i) => i).sort((a, b) => distances[a]! - distances[b]!);
  const sorted = order.map((i) => planes[i]!);
  return sorted.length === 1 ? { order, ...sliceGeometry(sorted[0]!) } : { order, ...severalGeometry(sorted) };
}

type Placing = Omit<StackGeometry, "order">;

/** One slice: its thickness is what is known of z. */
function sliceGeometry({ positionMm, directions, spacingMm, thicknessMm }: FrameHeader): Placing {
  const [row, column] = directions!;
  const spacing: Vec3 | undefined = spacingMm && [thicknessMm ?? Number.NaN, ...spacingMm];
  const axes = [row, column, cross(row, column)] as const;
  const affine = spacing && thicknessMm && exchangeRasAndLps(composeAffine(spacing, positionMm!, axes));
  return { affine: affine || undefined, spacingMm: spacing, tiltDegrees: 0, numMissing: 0, warnings: [] };
}

function severalGeometry(sorted: readonly FrameHeader[]): Placing {
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  const normal = cross(...first.directions!);
  const distances = sorted.map(({ positionMm }) => dot(positionMm!, normal));
  const steps = distances.slice(1).map((distance, i) => distance - distances[i]!);
  const usual = median(steps);
  const counts = steps.map((step) => (step < gapFactor * usual ? 1 : Math.round(step / usual)));
  const numSteps = counts.reduce((sum, count) => sum + count, 0);
  const step = scaled(addScaled(last.positionMm!, first.positionMm!, -1), 1 / numSteps);
  const cosine = dot(normalized(step), normal);
  const degrees = (Math.acos(Math.min(cosine, 1)) * 180) / Math.PI;
  const tiltDegrees = degrees < minTiltDegrees ? 0 : degrees;
  const numMissing = numSteps - steps.length;
  const affine = first.spacingMm && stackAffine(first, tiltDegrees === 0 ? scaled(normal, dot(step, normal)) : step);
  const offGrid = offsetsFromGrid(sorted, counts, step, normal);
  return {
    affine,
    spacingMm: affine && spacingOf(affine),
    tiltDegrees,
    numMissing,
    warnings: [
      ...(numMissing > 0 ? [gapWarning(steps, counts, numMissing, usual)] : []),
      ...(offGrid.alongMm > maxIrregularity * usual ? [irregularWarning(steps)] : []),
      ...(offGrid.sidewaysMm > (first.spacingMm?.[0] ?? 1) / 2 ? [sidewaysWarning(offGrid.sidewaysMm)] : []),
      ...(tiltDegrees > 0
        ? [`the gantry was tilted by ${tiltDegrees.toFixed(1)} degrees: the affine has a shear`]
        : []),
    ],
  };
}

function stackAffine({ positionMm, directions, spacingMm }: FrameHeader, step: Vec3): Affine {
  const spacing: Vec3 = [norm(step), ...spacingMm!];
  return exchangeRasAndLps(composeAffine(spacing, positionMm!, [...directions!, normalized(step)]));
}

/** The largest distances of slices from where even steps would have them. */
function offsetsFromGrid(
  sorted: readonly FrameHeader[],
  counts: readonly number[],
  step: Vec3,
  normal: Vec3,
): { alongMm: number; sidewaysMm: number } {
  let [alongMm, sidewaysMm, index] = [0, 0, 0];
  for (const [i, { positionMm }] of sorted.entries()) {
    const offset = addScaled(addScaled(positionMm!, sorted[0]!.positionMm!, -1), step, -index);
    const along = dot(offset, normal);
    alongMm = Math.max(alongMm, Math.abs(along));
    sidewaysMm = Math.max(sidewaysMm, norm(addScaled(offset, normal, -along)));
    index += counts[i] ?? 0;
  }
  return { alongMm, sidewaysMm };
}

function gapWarning(steps: readonly number[], counts: readonly number[], numMissing: number, usual: number): string {
  const at = counts.findIndex((count) => count > 1);
  const slices = numMissing === 1 ? "1 slice is" : `${numMissing} slices are`;
  return `${slices} missing: ${mm(steps[at]!)} between slices ${at + 1} and ${at + 2} in place of ${mm(usual)}`;
}

function irregularWarning(steps: readonly number[]): string {
  return `slices are not evenly spaced: ${mm(Math.min(...steps))} to ${mm(Math.max(...steps))} apart`;
}

function sidewaysWarning(sidewaysMm: number): string {
  return `slices do not lie behind one another: up to ${mm(sidewaysMm)} aside`;
}

function mm(length: number): string {
  return `${length.toFixed(2)} mm`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

function scaled(vector: Vec3, factor: number): Vec3 {
  return addScaled([0, 0, 0], vector, factor);
}
