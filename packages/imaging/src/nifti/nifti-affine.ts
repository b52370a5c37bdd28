/**
 * Which of a NIfTI header's three ways to say where the volume lies is believed.
 *
 * Order    the sform where its code is not 0, else the qform, else voxel sizes alone: centered, x to the patient's left.
 *          These are nibabel's rules. One exception: a form that is flat or not finite is passed over, with a warning.
 * Sizes     are the affine's steps, but where an sform has steps of 1 mm and the header other voxel sizes, as ACDC's files:
 *          such an sform is one of directions alone. The affine stays as it is, as for nibabel.
 * Qform    spacings below 0 are taken as positive, 0 as 1, a handedness other than 1 and -1 as 1; a quaternion that is
 *          longer than 1 is a half turn.
 * Units    millimetres; where the header says metres or micrometres they are converted, which nibabel leaves to its user.
 */

import { isInvertible, spacingOf } from "../geometry/affine.ts";
import type { Affine, Vec3 } from "../scan.ts";
import type { NiftiFields } from "./nifti-fields.ts";

export type AffineSource = "sform" | "qform" | "pixdim";

export interface AffineChoice {
  readonly affine: Affine;
  readonly affineSource: AffineSource;
  readonly spacingMm: Vec3 | undefined;
  readonly warnings: readonly string[];
}

/** Codes of `xyzt_units`, its lowest three bits. */
const METRE = 1;
const MICROMETRE = 3;

/** @param dims Sizes along x, y, z and further axes. */
export function chooseAffine(fields: NiftiFields, version: 1 | 2, dims: readonly number[]): AffineChoice {
  const warnings: string[] = [];
  const [affine, affineSource] = firstGood(fields, version, dims, warnings);
  const unit = unitMm(fields.units, warnings);
  const inMm = unit === 1 ? affine : affine.map((value, i) => (i < 12 ? value * unit : value));
  const [z, y, x] = sizesBeside(affineSource, fields, dims, warnings)?.map((size) => size * unit) ?? spacingOf(inMm);
  const isKnown = affineSource === "sform" || fields.pixdim.slice(1, 1 + Math.min(dims.length, 3)).every(isPositive);
  if (!isKnown) warnings.push("The header gives no voxel size.");
  return {
    affine: inMm,
    affineSource,
    spacingMm: isKnown ? [dims.length < 3 ? Number.NaN : z!, y!, x!] : undefined,
    warnings,
  };
}

/** The header's voxel sizes [z, y, x] where its sform has none. */
function sizesBeside(source: AffineSource, fields: NiftiFields, dims: readonly number[], warnings: string[]) {
  const sizes = fields.pixdim.slice(1, 4);
  if (source !== "sform" || dims.length < 3 || !sizes.every(isPositive)) return undefined;
  const isOne = (size: number) => Math.abs(size - 1) < 1e-4;
  if (!spacingOf(fields.sform).every(isOne) || sizes.every(isOne)) return undefined;
  const text = sizes.map((size) => Number(size.toPrecision(6))).join(" x ");
  warnings.push(`The header's sform has steps of 1 mm, its voxel sizes are ${text} mm: these are taken for sizes.`);
  return sizes.reverse();
}

function firstGood(
  fields: NiftiFields,
  version: 1 | 2,
  dims: readonly number[],
  warnings: string[],
): [Affine, AffineSource] {
  if (fields.sformCode !== 0) {
    const sform = [...fields.sform, 0, 0, 0, 1];
    if (isInvertible(sform)) return [sform, "sform"];
    warnings.push("The header's sform is no orientation: passed over.");
  }
  if (fields.qformCode !== 0) {
    const qform = qformOf(fields, version);
    if (isInvertible(qform)) return [qform, "qform"];
    warnings.push("The header's qform is no orientation: passed over.");
  }
  warnings.push(
    "The header does not say how the volume lies: x is taken to run to the left, y to the front, z to the head.",
  );
  return [centered(fields.pixdim, dims), "pixdim"];
}

/** Rotation by the quaternion, steps by the spacings. */
function qformOf({ quaternion, pixdim, qoffset }: NiftiFields, version: 1 | 2): Affine {
  const [b, c, d] = quaternion as unknown as Vec3;
  const squared = 1 - (b * b + c * c + d * d);
  // Below what the header's floats can tell from 0 it is 0: a half turn.
  const threshold = 3 * (version === 1 ? 2 ** -23 : 2 ** -52);
  const a = squared < threshold ? 0 : Math.sqrt(squared);
  const scale = 2 / (a * a + b * b + c * c + d * d);
  const [x, y, z] = sizesOf(pixdim);
  const k = pixdim[0] === -1 ? -z : z;
  return [
    (1 - scale * (c * c + d * d)) * x,
    scale * (b * c - a * d) * y,
    scale * (b * d + a * c) * k,
    qoffset[0]!,
    scale * (b * c + a * d) * x,
    (1 - scale * (b * b + d * d)) * y,
    scale * (c * d - a * b) * k,
    qoffset[1]!,
    scale * (b * d - a * c) * x,
    scale * (c * d + a * b) * y,
    (1 - scale * (b * b + c * c)) * k,
    qoffset[2]!,
    ...[0, 0, 0, 1],
  ];
}

function centered(pixdim: readonly number[], dims: readonly number[]): Affine {
  const [width, height = 1, depth = 1] = dims;
  const [x, y, z] = sizesOf(pixdim.slice(0, dims.length + 1));
  const middle = (size: number) => (size - 1) / 2;
  return [-x, 0, 0, x * middle(width!), 0, y, 0, -y * middle(height), 0, 0, z, -z * middle(depth), 0, 0, 0, 1];
}

/** [x, y, z], usable whatever stands there. */
function sizesOf(pixdim: readonly number[]): Vec3 {
  const size = (i: number) => (isPositive(Math.abs(pixdim[i] ?? 1)) ? Math.abs(pixdim[i] ?? 1) : 1);
  return [size(1), size(2), size(3)];
}

function isPositive(size: number): boolean {
  return size > 0 && Number.isFinite(size);
}

function unitMm(units: number, warnings: string[]): number {
  const unit = units & 7;
  if (unit !== METRE && unit !== MICROMETRE) return 1;
  warnings.push(`The header's lengths are in ${unit === METRE ? "metres" : "micrometres"}: converted to mm.`);
  return unit === METRE ? 1000 : 0.001;
}
