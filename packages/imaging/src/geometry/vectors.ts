/** Arithmetic of points and directions in space, (x, y, z). */

import type { Vec3 } from "../scan.ts";

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** `a + factor * b` */
export function addScaled(a: Vec3, b: Vec3, factor: number): Vec3 {
  return [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];
}

export function norm(vector: Vec3): number {
  return Math.hypot(...vector);
}

/** Of length 1. */
export function normalized(vector: Vec3): Vec3 {
  const length = norm(vector);
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}
