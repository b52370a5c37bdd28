/**
 * What is done where nothing says how large a pixel is: distances are left out, and that is said; or the user says it.
 *
 * Units    mm, [z, y, x].
 */
import type { Vec3 } from "@medssl/imaging";
import { usableSpacing } from "../metrics/measure-case.ts";

/** One number for all axes, or y and x of pictures, or z, y and x of volumes. */
export type AssumedSpacing = readonly [number] | readonly [number, number] | Vec3;

interface Gridded {
  readonly shape: Vec3;
  readonly spacingMm?: Vec3 | undefined;
}

/** The same cases; those whose spacing cannot be used have the assumed one. */
export function assumeSpacing<Case extends Gridded>(cases: readonly Case[], assumed?: AssumedSpacing): Case[] {
  return cases.map((one) => ({ ...one, spacingMm: usableSpacing(one.spacingMm, one.shape) ?? spread(assumed) }));
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
  if (without === 0) return [];
  const which =
    without === cases.length ? `None of the ${without} cases says` : `${without} of ${cases.length} cases do not say`;
  return [
    `${which} how large a voxel is: HD95, ASSD, NSD and volumes are left out there (--spacing says it in mm; --spacing 1 measures in pixels).`,
  ];
}
