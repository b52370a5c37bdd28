/**
 * The whole body of one patient, as parts in a painter's order: where two overlap, the later one is what is there.
 */

import { Random } from "../random.ts";
import { buildAbdomen, type Posture } from "./abdomen.ts";
import { growBranches } from "./branches.ts";
import { around, between } from "./draw.ts";
import { buildHeart } from "./heart.ts";
import type { Patient } from "./patient.ts";
import { buildSkeleton } from "./skeleton.ts";
import type { Part, Point, Solid, Tube } from "./solids.ts";
import { buildThorax } from "./thorax.ts";
import { buildArm, buildWall, trunk } from "./wall.ts";

export interface Body {
  /** The outermost of the wall: what a table touches. */
  readonly skin: Solid;
  readonly wall: readonly Part[];
  readonly arms: readonly Part[];
  readonly lungs: readonly Solid[];
  readonly diaphragm: readonly Solid[];
  readonly belly: readonly Part[];
  /** Mediastinum and heart; the diaphragm cuts them off below. */
  readonly core: readonly Solid[];
  /** What runs along the spine, and the airways. */
  readonly axis: readonly Solid[];
  readonly lungVessels: readonly Tube[];
  readonly bones: readonly Part[];
  readonly armBones: readonly Part[];
}

/** @param seed The patient's; each group of parts has a stream of its own, so that one does not disturb the other. */
export function buildBody(patient: Patient, posture: Posture, seed: number): Body {
  const thorax = buildThorax(patient);
  const skeleton = buildSkeleton(patient, thorax.lungs, new Random(seed, 1));
  return {
    skin: trunk("skin", patient, 0),
    wall: buildWall(patient),
    arms: [-1, 1].flatMap((side) => buildArm(patient, side as -1 | 1)),
    lungs: thorax.lungs,
    diaphragm: thorax.diaphragm,
    belly: buildAbdomen(patient, thorax.diaphragm, posture, new Random(seed, 2)),
    core: [...thorax.mediastinum, ...buildHeart(patient)],
    axis: [...thorax.axis, ...thorax.airways],
    lungVessels: buildLungVessels(patient, thorax.lungs, new Random(seed, 3)),
    bones: [...skeleton.spine, ...skeleton.cage, ...skeleton.girdle],
    armBones: skeleton.arms,
  };
}

/** Arteries and veins from each hilum: up, out, and strongest downward, where the blood of a standing patient is. */
function buildLungVessels(patient: Patient, lungs: readonly [Solid, Solid], random: Random): Tube[] {
  const options = { tissue: "blood", minRadius: 0.45, length: 5.5, outward: 0.9 } as const;
  const girth = 0.94 * Math.sqrt(patient.vessels);
  const ways: readonly (readonly [Point, Point, number])[] = [
    [[32, 8, 118], [0.45, -0.1, 1], 4.5],
    [[36, 0, 112], [0.8, -0.6, 0.5], 4.0],
    [[38, 8, 106], [0.95, -0.3, -0.1], 4.4],
    [[36, 14, 104], [0.8, 0.6, 0.3], 4.0],
    [[36, 8, 98], [0.5, -0.3, -0.9], 5.5],
    [[34, 18, 96], [0.45, 0.3, -0.9], 6.3],
    [[34, 22, 100], [0.3, 0.7, -0.6], 4.5],
    [[30, 20, 84], [0.8, 0.5, -0.5], 4.0],
  ];
  const bushes = Array.from({ length: 7 }, (): (typeof ways)[number] => [
    [around(random, 38, 5), around(random, 10, 8), around(random, 103, 12)],
    [between(random, -0.2, 1), random.normal(), random.normal()],
    between(random, 2, 3.4),
  ]);
  return [0, 1].flatMap((i) => {
    const side = i === 0 ? -1 : 1;
    return [...ways, ...bushes].flatMap(([[x, y, z], [dx, dy, dz], radius]) => {
      const root: Point = [side * x + (side === 1 ? 6 : 0), y, z + (side === 1 ? 8 : 0)];
      const heading: Point = [side * dx + around(random, 0, 0.12), dy + around(random, 0, 0.12), dz];
      return growBranches(random, lungs[i as 0 | 1], root, heading, radius * girth, options);
    });
  });
}
