/**
 * The liver: its lobes under the diaphragm's right dome, its veins, and tumours.
 */

import type { Random } from "../random.ts";
import { growBranches } from "./branches.ts";
import { between, chance, oneOf } from "./draw.ts";
import type { Patient } from "./patient.ts";
import { ellipsoid, type Part, type Point, radiusIn, type Solid, stack, tube } from "./solids.ts";

const inside = { cavity: "inside" } as const;

/** The right and the left lobe and the caudate one. */
export function buildLiver(patient: Patient, random: Random): Solid[] {
  const g = patient.liver;
  const top = patient.domeTop - 5;
  const traits = { ...inside, name: "liver", roughness: 3, mottle: 0.15 };
  const reach = between(random, 0.75, 1.35);
  const right = stack(
    "liver",
    [
      { z: top - 165 * g, x: -82, y: -4, right: 46, left: 26, front: 36, back: 44, slope: 0.1 },
      { z: top - 125 * g, x: -76, y: -6, right: 56, left: 34, front: 54, back: 56, slope: 0.16 },
      { z: top - 90 * g, x: -66, y: -10, right: 68, left: 46 * g, front: 70, back: 66, slope: 0.16 },
      { z: top - 50 * g, x: -60, y: -12, right: 76, left: 58 * g, front: 72, back: 70, slope: 0.08 },
      { z: top, x: -58, y: -10, right: 76, left: 64, front: 74, back: 66, slope: 0 },
    ],
    traits,
    { bottom: 40, top: patient.domeHeight + 6 },
  );
  const left = stack(
    "liver",
    [
      { z: top - 112, x: -14, y: -62, right: 30, left: 26, front: 22, back: 24 },
      { z: top - 70, x: -10, y: -52, right: 48, left: 50 * reach, front: 32, back: 34, slope: -0.1 },
      { z: top - 34, x: -6, y: -44, right: 56, left: 74 * reach, front: 40, back: 36, slope: -0.18 },
      { z: top - 4, x: -2, y: -40, right: 56, left: 64 * reach, front: 40, back: 34 },
    ],
    traits,
    { bottom: 30, top: 34, power: 1.75 },
  );
  const caudate = ellipsoid("liver", [-6, 2, top - 62], [20, 13, 26], [1, 0.4, 0], traits);
  return [right, left, caudate];
}

/** Portal vein and hepatic veins, branch by branch. */
export function buildLiverVessels(lobes: readonly Solid[], random: Random): Part[] {
  const [right, left] = lobes as [Solid, Solid];
  const z = right.top;
  const options = {
    tissue: "portalBlood",
    traits: { ...inside, isInner: true },
    minRadius: 0.9,
    length: 4.6,
    outward: 0.8,
  } as const;
  const hilum: Point = [-24, -14, z - 64];
  const cava: Point = [-19, 8, z - 16];
  return [
    ...growBranches(random, right, hilum, [-0.9, 0.1, 0.1], 6.4, options),
    ...growBranches(random, right, [-34, -14, z - 62], [-0.6, -0.6, 0.5], 4.8, options),
    ...growBranches(random, right, [-40, -6, z - 62], [-0.5, 0.7, -0.4], 4.6, options),
    ...growBranches(random, left, [-16, -26, z - 54], [0.4, -0.8, 0.3], 4.6, options),
    ...growBranches(random, right, cava, [-0.9, 0.25, -0.35], 5, options),
    ...growBranches(random, right, cava, [-0.6, -0.7, -0.35], 4.8, options),
    ...growBranches(random, left, [-12, -16, z - 22], [0.5, -0.8, -0.25], 4.2, options),
    tube("portalBlood", [[-4, -6, z - 92], [-14, -10, z - 74], hilum], 6.6, 6.6, inside),
  ];
}

/**
 * Draws tumours that lie wholly inside one of the lobes.
 *
 * @param count How many.
 * @param heights Of the slices that are to show them, in mm: each tumor is near one of these.
 */
export function drawTumors(
  lobes: readonly Solid[],
  count: number,
  heights: readonly number[],
  random: Random,
): Solid[] {
  const tumors: Solid[] = [];
  for (let tries = 0; tumors.length < count && tries < 400; tries++) {
    const radius = Math.min(38, 5.5 * Math.exp(Math.abs(random.normal()) * 0.75));
    const lobe = lobes[chance(random, 0.75) ? 0 : 1]!;
    const z = oneOf(random, heights) + between(random, -0.6, 0.6) * radius;
    if (z < lobe.bottom + radius || z > lobe.top - radius) continue;
    const { x, y, right, left, front, back } = lobe.sectionAt(z);
    const center: Point = [x + between(random, -right, left), y + between(random, -front, back), z];
    const corners: Point[] = [-1, 1].flatMap((s) => [
      [center[0] + s * radius, center[1], z] as const,
      [center[0], center[1] + s * radius, z] as const,
      [center[0], center[1], z + s * radius] as const,
    ]);
    const isClear = tumors.every((other) => {
      const section = other.sectionAt((other.bottom + other.top) / 2);
      const gap = Math.hypot(center[0] - section.x, center[1] - section.y);
      return gap > radius + section.right + 6;
    });
    if (!isClear || corners.some((corner) => radiusIn(lobe, corner) > 0.93)) continue;
    const shape = (): number => radius * between(random, 0.78, 1.1);
    const axis: Point = [random.normal(), random.normal(), random.normal()];
    const traits = {
      name: "tumor",
      onlyIn: "liver",
      roughness: 0.16 * radius + 0.6,
      mottle: 0.5,
      softness: between(random, 1, 5),
    };
    tumors.push(ellipsoid("tumor", center, [shape(), shape(), shape()], axis, traits));
  }
  return tumors;
}
