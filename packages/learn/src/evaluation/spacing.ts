/**
 * What is done where nothing says how large a pixel is: distances are left out, and that is said; or the user says it.
 *
 * Units    mm, [z, y, x].
 */
import { usableSpacing, type Vec3 } from "@medssl/imaging";

/** One number for all axes, or y and x of pictures, or z, y and x of volumes. */
export type AssumedSpacing = readonly [number] | readonly [number, number] | Vec3;

interface Gridded {
  readonly shape: Vec3;
  readonly spacingMm?: Vec3 | undefined;
  /** Whether the user said it in the case's place. */
  readonly isSpacingAssumed?: boolean | undefined;
}

/** The same cases; those whose spacing cannot be used have the assumed one. */
export function assumeSpacing<Case extends Gridded>(
  cases: readonly Case[],
  assumed?: AssumedSpacing,
): (Case & Gridded)[] {
  return cases.map((one) => {
    const own = usableSpacing(one.spacingMm, one.shape);
    return { ...one, spacingMm: own ?? spread(assumed), isSpacingAssumed: own === undefined && assumed !== undefined };
  });
}

function spread(assumed: AssumedSpacing | undefined): Vec3 | undefined {
  if (assumed === undefined) return undefined;
  const [first, second, third] = assumed;
  if (second === undefined) return [first, first, first];
  return third === undefined ? [Number.NaN, first, second] : [first, second, third];
}

/** Sentences for the user. */
export function spacingNotes(cases: readonly Gridded[]): string[] {
  const without = cases.filter(({ shape, spacingMm }) => usableSpacing(spacingMm, shape) === undefined).length;
  const assumed = cases.filter(({ isSpacingAssumed }) => isSpacingAssumed).length;
  const silent = (count: number) =>
    count === cases.length ? `None of the ${count} cases says` : `${count} of ${cases.length} cases do not say`;
  return [
    ...(without === 0
      ? []
      : [
          `${silent(without)} how large a voxel is: HD95, ASSD, NSD and volumes are left out there (--spacing says it in mm; --spacing 1 measures in pixels).`,
        ]),
    ...(assumed === 0
      ? []
      : [
          `${silent(assumed)} how large a voxel is: --spacing was taken for it. Where that is not its size, what is called mm here is none: with 1 it is a pixel.`,
        ]),
  ];
}
