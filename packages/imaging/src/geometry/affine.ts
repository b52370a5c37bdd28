/**
 * Affine transforms from voxels to the patient, and what they say about how a volume lies.
 *
 * Shapes   16 numbers, row by row. Column j of the first three is the step in mm from one voxel to the next along x, y or
 *          z; the last column is the center of voxel (0, 0, 0).
 * Axes     RAS+: towards the patient's right, front (anterior) and head (superior). DICOM and ITK have LPS+.
 * Closest  An oblique axis is named after the anatomical axis that it is nearest to. Each name is given once: the least
 *          oblique axis takes its own first, the others what is left. nibabel names them so too.
 * Errors   `ERR_AFFINE_SINGULAR`: a voxel of no volume, or numbers that are not finite.
 */

import { MedsslError } from "@medssl/contract";
import type { Affine, Vec3 } from "../scan.ts";

export type Letter = "R" | "L" | "A" | "P" | "S" | "I";

/** Where x, y and z of the voxels point, "RAS" or "LPS". */
export type OrientationCode = `${Letter}${Letter}${Letter}`;

/** The anatomical axis nearest to a voxel axis: 0 right-left, 1 front-back, 2 head-foot; sign 1 towards R, A or S. */
export interface ClosestAxis {
  readonly axis: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/**
 * @param spacingMm Size of a voxel [z, y, x].
 * @param originMm Center of voxel (0, 0, 0).
 * @param directions Unit vectors along x, y and z of the voxels.
 */
export function composeAffine(spacingMm: Vec3, originMm: Vec3, directions: readonly [Vec3, Vec3, Vec3]): Affine {
  const [z, y, x] = spacingMm;
  const row = (i: 0 | 1 | 2) => [directions[0][i] * x, directions[1][i] * y, directions[2][i] * z, originMm[i]];
  return [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
}

/** The transform that applies `second` first and `first` to its result, as a product of matrices. */
export function multiplyAffines(first: Affine, second: Affine): Affine {
  const product = new Array<number>(16);
  for (let i = 0; i < 16; i++) {
    const row = i - (i % 4);
    let sum = 0;
    for (let k = 0; k < 4; k++) sum += first[row + k]! * second[k * 4 + (i % 4)]!;
    product[i] = sum;
  }
  return product;
}

/** From mm back to voxels. */
export function invertAffine(affine: Affine): Affine {
  if (!isInvertible(affine)) {
    throw new MedsslError("ERR_AFFINE_SINGULAR", `affine: expected three axes that span a volume, got ${affine}`, {
      hint: "The file's orientation or voxel size is damaged; export it again.",
    });
  }
  const [a, b, c, tx, d, e, f, ty, g, h, i, tz] = affine as readonly number[] & { length: 16 };
  const scale = 1 / determinant(affine);
  const rows: Vec3[] = [
    [(e! * i! - f! * h!) * scale, (c! * h! - b! * i!) * scale, (b! * f! - c! * e!) * scale],
    [(f! * g! - d! * i!) * scale, (a! * i! - c! * g!) * scale, (c! * d! - a! * f!) * scale],
    [(d! * h! - e! * g!) * scale, (b! * g! - a! * h!) * scale, (a! * e! - b! * d!) * scale],
  ];
  return [...rows.flatMap(([x, y, z]) => [x, y, z, -(x * tx! + y * ty! + z * tz!)]), 0, 0, 0, 1];
}

/** A point (x, y, z) in voxels to (x, y, z) in mm. */
export function applyAffine(affine: Affine, [x, y, z]: Vec3): Vec3 {
  const row = (i: number) => affine[i]! * x + affine[i + 1]! * y + affine[i + 2]! * z + affine[i + 3]!;
  return [row(0), row(4), row(8)];
}

/** RAS+ to LPS+, and the same way back. */
export function exchangeRasAndLps(affine: Affine): Affine {
  return affine.map((value, i) => (i < 8 ? -value : value));
}

/** Size of a voxel [z, y, x] in mm. */
export function spacingOf(affine: Affine): Vec3 {
  const length = (j: number) => Math.hypot(affine[j]!, affine[4 + j]!, affine[8 + j]!);
  return [length(2), length(1), length(0)];
}

/** Volume of a voxel in mm3; below zero where x, y and z of the voxels are left-handed, as in "LAS". */
export function determinant(affine: Affine): number {
  const [a, b, c, , d, e, f, , g, h, i] = affine;
  return a! * (e! * i! - f! * h!) - b! * (d! * i! - f! * g!) + c! * (d! * h! - e! * g!);
}

/** Whether it maps every voxel to a place of its own. A voxel flatter than a millionth of its size counts as flat. */
export function isInvertible(affine: Affine): boolean {
  const [z, y, x] = spacingOf(affine);
  return affine.every(Number.isFinite) && Math.abs(determinant(affine)) > 1e-6 * x * y * z;
}

/** For x, y and z of the voxels. */
export function closestAxes(affine: Affine): readonly [ClosestAxis, ClosestAxis, ClosestAxis] {
  const cosines = ([0, 1, 2] as const).map((j) => ([0, 1, 2] as const).map((axis) => cosineOf(affine, j, axis)));
  const certainty = (j: number) => Math.max(...cosines[j]!.map(Math.abs));
  const free = new Set<0 | 1 | 2>([0, 1, 2]);
  const closest: ClosestAxis[] = [];
  for (const j of [0, 1, 2].sort((a, b) => certainty(b) - certainty(a))) {
    const nearest = (best: 0 | 1 | 2, axis: 0 | 1 | 2) =>
      Math.abs(cosines[j]![axis]!) > Math.abs(cosines[j]![best]!) ? axis : best;
    const axis = [...free].reduce(nearest);
    free.delete(axis);
    closest[j] = { axis, sign: cosines[j]![axis]! < 0 ? -1 : 1 };
  }
  return closest as [ClosestAxis, ClosestAxis, ClosestAxis];
}

/** Where x, y and z of the voxels point, to the nearest: "LPS" for a usual axial CT. */
export function orientationCode(affine: Affine): OrientationCode {
  const [x, y, z] = closestAxes(affine).map(letterOf);
  return `${x!}${y!}${z!}`;
}

function letterOf({ axis, sign }: ClosestAxis): Letter {
  return ((sign === 1 ? "RAS" : "LPI") as string)[axis] as Letter;
}

/** The inverse of a letter's name. */
export function axisOf(letter: Letter): ClosestAxis {
  const axis = "RLAPSI".indexOf(letter);
  return { axis: (axis >> 1) as 0 | 1 | 2, sign: axis % 2 === 0 ? 1 : -1 };
}

/** The largest angle between a voxel axis and the anatomical axis that it is named after. */
export function obliquenessDegrees(affine: Affine): number {
  const angles = closestAxes(affine).map(({ axis }, j) => Math.acos(Math.min(Math.abs(cosineOf(affine, j, axis)), 1)));
  return (Math.max(...angles) * 180) / Math.PI;
}

function cosineOf(affine: Affine, voxelAxis: number, axis: number): number {
  const length = spacingOf(affine)[2 - voxelAxis]!;
  return length === 0 ? 0 : affine[axis * 4 + voxelAxis]! / length;
}
