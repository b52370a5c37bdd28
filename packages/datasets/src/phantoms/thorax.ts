/**
 * The lungs, the diaphragm and what lies between the lungs except the heart.
 *
 * Heights are counted from the average top of the right diaphragm: the apices stand near z = 225, the twelfth rib at
 * z = -60. The body is written down for an average adult; `Patient` varies it and `Pose` scales it.
 *
 * Source  proportions from common anatomy: a cage about 275 wide and 175 deep, a trachea 18 wide, an aorta 28 wide.
 */

import type { Patient } from "./patient.ts";
import { spineX } from "./skeleton.ts";
import { ellipsoid, mirrored, type Solid, stack } from "./solids.ts";

/** Vessels and bronchi where they enter the lungs: masks count them as lung. */
const hilum = { name: "hilum" } as const;

export interface Thorax {
  /** Right, left. */
  readonly lungs: readonly [Solid, Solid];
  /** Right, left, and the middle between them. */
  readonly diaphragm: readonly Solid[];
  readonly mediastinum: readonly Solid[];
  readonly axis: readonly Solid[];
  readonly airways: readonly Solid[];
}

export function buildThorax(patient: Patient): Thorax {
  const domes = [dome(patient, -1), dome(patient, 1)] as const;
  // The central tendon, on which the heart rests.
  const middle = stack(
    "muscle",
    [
      { z: -230, x: 4, y: -6, right: 60, left: 60, front: 78, back: 74 },
      { z: patient.domeTop + 2, x: 14, y: -20, right: 52, left: 66, front: 62, back: 44 },
    ],
    { roughness: 1 },
    { top: 34 },
  );
  return {
    lungs: [lung(patient, -1), lung(patient, 1)],
    diaphragm: [...domes, middle],
    mediastinum: buildMediastinum(patient),
    axis: buildAxis(patient),
    airways: buildAirways(patient),
  };
}

function lung(patient: Patient, side: -1 | 1): Solid {
  const w = patient.apexWidth;
  const rise = patient.apexTop;
  return stack(
    "lung",
    mirrored(side, [
      { z: -72, x: 66, y: 30, right: 34, left: 56, front: 20, back: 58 },
      { z: -50, x: 66, y: 8, right: 46, left: 66, front: 76, back: 82 },
      { z: -25, x: 65, y: 2, right: 48, left: 72, front: 90, back: 90 },
      { z: 20, x: 64, y: 0, right: 48, left: 74, front: 92, back: 90 },
      { z: 60, x: 62, y: 1, right: 47, left: 72, front: 88, back: 86 },
      { z: 100, x: 60, y: 4, right: 45, left: 68, front: 79, back: 80 },
      { z: 140, x: 57, y: 8, right: 44, left: 56 * w, front: 66, back: 71 },
      { z: 175, x: 53, y: 14, right: 36, left: 44 * w, front: 52, back: 58 },
      { z: 200 + 0.6 * rise, x: 49, y: 20, right: 30, left: 34 * w, front: 38, back: 44 },
      { z: 227 + rise, x: 44, y: 24, right: 26, left: 28 * w, front: 30, back: 34 },
    ]),
    { name: "lungs", mottle: 1 },
    { top: 34, bottom: 26, power: 2.25 },
  );
}

function dome(patient: Patient, side: -1 | 1): Solid {
  const top = patient.domeTop - (side === 1 ? patient.domeDrop : 0);
  return stack(
    "muscle",
    mirrored(side, [
      { z: -230, x: 62, y: -6, right: 74, left: 80, front: 78, back: 76 },
      { z: top, x: 60, y: -8 },
    ]),
    { roughness: 1 },
    { top: patient.domeHeight + 8, power: 2.2 },
  );
}

/** Fat and vessels between the lungs; the heart is built by itself. */
function buildMediastinum(patient: Patient): Solid[] {
  const u = patient.aorta;
  const r = 13.5 + 2.5 * u;
  return [
    stack(
      "fat",
      [
        { z: -60, x: 2, y: 2, right: 14, left: 16, front: 84, back: 60 },
        { z: 60, x: 0, y: -4, right: 17, left: 18, front: 80, back: 62 },
        { z: 110, x: 0, y: -2, right: 30, left: 30, front: 66, back: 66 },
        { z: 150, x: -1, y: 2, right: 32, left: 29, front: 56, back: 62 },
        { z: 185, x: 0, y: 8, right: 33, left: 31, front: 44, back: 52 },
        { z: 215, x: 0, y: 14, right: 34, left: 34, front: 40, back: 50 },
        { z: 300, x: 0, y: 14, right: 30, left: 30, front: 40, back: 50 },
      ],
      { roughness: 2 },
    ),
    column("rightBlood", { radius: 9 + u }, [-22, -2, 185], [-27, -6, 150], [-27, -4, 96]),
    column(
      "leftBlood",
      { name: "aorta", radius: r + 1 },
      [4, -16, 84],
      [-13 - 6 * u, -20, 110],
      [-8 - 4 * u, -16, 146],
    ),
    ellipsoid("leftBlood", [5 + 4 * u, 8, 140 + 6 * u], [38 + 4 * u, r, r], [0.42, 0.9, -0.04], { name: "aorta" }),
    ellipsoid("rightBlood", [19, -18, 108], [22, 13, 13], [0.35, 0.6, 0.72]),
    ellipsoid("rightBlood", [30, 6, 117], [20, 10, 10], [0.75, 0.6, 0.1], hilum),
    ellipsoid("rightBlood", [-16, 6, 107], [36, 9, 10], [1, 0.18, -0.1], hilum),
  ];
}

/** What runs along the spine through chest and belly. */
function buildAxis(patient: Patient): Solid[] {
  const u = patient.aorta;
  return [
    // Paravertebral tissue: the lungs do not touch the vertebrae's sides.
    stack(
      "muscle",
      [
        { z: -330, x: 0, y: 56, right: 46, left: 46, front: 16, back: 46 },
        { z: -60, x: spineX(patient, -60), y: 60, right: 24, left: 24, front: 20, back: 40 },
        { z: 40, x: spineX(patient, 40), y: 66, right: 20, left: 20, front: 22, back: 36 },
        { z: 140, x: spineX(patient, 140), y: 62, right: 20, left: 20, front: 22, back: 36 },
        { z: 200, x: spineX(patient, 200), y: 46, right: 32, left: 32, front: 26, back: 40 },
        { z: 300, x: spineX(patient, 300), y: 34, right: 46, left: 46, front: 26, back: 50 },
      ],
      {},
      { power: 2.3 },
    ),
    column(
      "leftBlood",
      { name: "aorta", radius: 11.5 + 2.5 * u },
      [5, 18, -330],
      [8, 25, -60],
      [21 + 9 * u, 50, 30],
      [27 + 7 * u, 51, 90],
      [22 + 5 * u, 36, 138 + 4 * u],
    ),
    column(
      "organ",
      { name: "esophagus", radius: 6.5 },
      [6, 20, -20],
      [3, 41, 60],
      [3, 32, 130],
      [0, 34, 220],
      [0, 30, 300],
    ),
  ];
}

function buildAirways(patient: Patient): Solid[] {
  const bend = 5 * patient.aorta;
  return [
    column("air", { radius: 8 }, [0, 20, 118], [-2 - bend, 18, 150], [0, 16, 200], [0, 10, 300]),
    ellipsoid("air", [-14, 22, 108], [22, 6, 6], [-0.75, 0.1, -0.66], hilum),
    ellipsoid("air", [18, 24, 106], [26, 5.5, 5.5], [0.85, 0.1, -0.5], hilum),
  ];
}

/** A round vessel through the given points, which stand one above the other; the ends are rounded. */
function column(
  tissue: Solid["tissue"],
  { radius, ...traits }: { readonly radius: number; readonly name?: string },
  ...points: (readonly [number, number, number])[]
): Solid {
  const knots = points
    .toSorted((a, b) => a[2] - b[2])
    .map(([x, y, z]) => ({ z, x, y, right: radius, left: radius, front: radius, back: radius }));
  return stack(tissue, knots, traits, { top: radius, bottom: radius });
}
