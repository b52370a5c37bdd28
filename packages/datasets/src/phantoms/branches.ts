/**
 * Branching vessels of the lungs and the liver, grown from a root until they are too thin or leave their organ.
 *
 * Source  Murray's law: the cubes of the daughters' radii add up to the cube of their mother's (J. Gen. Physiol. 1926).
 */

import type { Random } from "../random.ts";
import { around, between } from "./draw.ts";
import { type Point, radiusIn, type Solid, type Tissue, type Traits, type Tube } from "./solids.ts";

export interface BranchingOptions {
  readonly tissue: Tissue;
  readonly traits?: Traits;
  /** Branches end below this radius, in mm. */
  readonly minRadius: number;
  /** Length of a branch in multiples of its radius, before chance. */
  readonly length: number;
  /** How strongly growth follows the way away from the root, 0-1. */
  readonly outward: number;
}

const STEP_MM = 4;

/** Grows a tree inside `organ`; every branch is a tube. */
export function growBranches(
  random: Random,
  organ: Solid,
  root: Point,
  direction: Point,
  radius: number,
  options: BranchingOptions,
): Tube[] {
  const { tissue, traits = {}, minRadius, outward } = options;
  const tubes: Tube[] = [];
  const queue: { at: Point; direction: Point; radius: number }[] = [{ at: root, direction, radius }];
  for (let branch = queue.pop(); branch !== undefined; branch = queue.pop()) {
    const steps = Math.max(2, Math.round(((options.length * branch.radius + 8) * between(random, 0.7, 1.4)) / STEP_MM));
    const samples: number[] = [...branch.at, branch.radius];
    let { at, direction: heading } = branch;
    let isInside = true;
    for (let step = 0; step < steps && isInside; step++) {
      const away = normalize([at[0] - root[0], at[1] - root[1], at[2] - root[2]]);
      const pull = outward * 0.25;
      heading = normalize([
        heading[0] + pull * away[0] + around(random, 0, 0.16),
        heading[1] + pull * away[1] + around(random, 0, 0.16),
        heading[2] + pull * away[2] + around(random, 0, 0.16),
      ]);
      at = [at[0] + STEP_MM * heading[0], at[1] + STEP_MM * heading[1], at[2] + STEP_MM * heading[2]];
      samples.push(...at, branch.radius * (1 - (0.14 * (step + 1)) / steps));
      isInside = radiusIn(organ, at) < 0.97 || step < 3;
    }
    tubes.push({ kind: "tube", tissue, points: Float32Array.from(samples), traits });
    if (!isInside) continue;
    // The larger daughter keeps the way, the smaller turns off; their planes follow chance.
    const share = between(random, 0.5, 0.82);
    const side = perpendicular(random, heading);
    const daughters = [
      { radius: branch.radius * 0.86 * Math.cbrt(share), turn: between(random, 0.1, 0.4) },
      { radius: branch.radius * 0.86 * Math.cbrt(1 - share), turn: -between(random, 0.5, 0.95) },
    ];
    for (const daughter of daughters) {
      if (daughter.radius < minRadius) continue;
      const [c, s] = [Math.cos(daughter.turn), Math.sin(daughter.turn)];
      const turned: Point = [c * heading[0] + s * side[0], c * heading[1] + s * side[1], c * heading[2] + s * side[2]];
      queue.push({ at, direction: turned, radius: daughter.radius });
    }
  }
  return tubes;
}

function perpendicular(random: Random, axis: Point): Point {
  const other = normalize([random.normal(), random.normal(), random.normal()]);
  const along = other[0] * axis[0] + other[1] * axis[1] + other[2] * axis[2];
  return normalize([other[0] - along * axis[0], other[1] - along * axis[1], other[2] - along * axis[2]]);
}

function normalize([x, y, z]: Point): Point {
  const length = Math.hypot(x, y, z) || 1;
  return [x / length, y / length, z / length];
}
