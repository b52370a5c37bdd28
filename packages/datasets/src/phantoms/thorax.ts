/**
 * The trunk's outer layers, the lungs, the diaphragm and what lies between the lungs except the heart.
 *
 * Heights are counted from the average top of the right diaphragm: the apices stand near z = 225, the twelfth rib at
 * z = -60. The body is written down for an average adult; `Patient` varies it and `Pose` scales it.
 *
 * Source  proportions from common anatomy: a cage about 275 wide and 175 deep, a trachea 18 wide, an aorta 28 wide.
 */

import type { Patient } from "./patient.ts";
import { spineX } from "./skeleton.ts";
import { ellipsoid, type Knot, type Solid, stack, type Traits } from "./solids.ts";

/** Vessels and bronchi where they enter the lungs: masks count them as lung. */
const hilum = { name: "hilum" } as const;

export interface Thorax {
  /** Skin, fat, muscle and breasts, outermost first. */
  readonly wall: readonly Solid[];
  readonly arms: readonly Solid[];
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
    wall: buildWall(patient),
    arms: [-1, 1].flatMap((side) => buildArm(patient, side as -1 | 1)),
    lungs: [lung(patient, -1), lung(patient, 1)],
    diaphragm: [...domes, middle],
    mediastinum: buildMediastinum(patient),
    axis: buildAxis(patient),
    airways: buildAirways(patient),
  };
}

/** Swaps right and left for side -1, so that a knot is written once, for the left side. */
function mirrored(side: -1 | 1, knots: readonly Knot[]): Knot[] {
  if (side === 1) return [...knots];
  return knots.map(({ x, left, right, ...rest }) => ({
    ...rest,
    ...(x !== undefined && { x: -x }),
    ...(left !== undefined && { right: left }),
    ...(right !== undefined && { left: right }),
  }));
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

/** The trunk as a stack; `inset` mm under the skin. */
function trunk(tissue: Solid["tissue"], patient: Patient, inset: number): Solid {
  const { fat, muscle, shoulderRise: rise } = patient;
  const grow = fat + muscle - 23 - inset;
  // Fat gathers at the belly and thins out at the neck.
  const belly = 0.7 * (fat - 11) + grow;
  const knots: [z: number, width: number, front: number, back: number][] = [
    [-330, 158 + belly, 114 + 1.4 * belly, 104 + grow],
    [-200, 150 + belly, 110 + 1.3 * belly, 104 + grow],
    [-100, 150 + belly, 110 + belly, 108 + grow],
    [-20, 158 + grow, 116 + grow, 114 + grow],
    [60, 164 + grow, 117 + grow, 114 + grow],
    [110, 172 + grow, 110 + grow, 112 + grow],
    [150 + rise, 180 + grow, 94 + grow, 106 + grow],
    [178 + rise, 182 + grow, 74 + grow, 98 + grow],
    [196 + rise, 158 + 0.8 * grow, 64 + grow, 90 + grow],
    [214 + rise, 112 + 0.6 * grow, 52 + 0.5 * grow, 80 + 0.5 * grow],
    [232 + rise, 78 + 0.5 * grow, 44 + 0.4 * grow, 70 + 0.4 * grow],
    [252 + rise, 63 + 0.5 * grow, 42 + 0.4 * grow, 64 + 0.4 * grow],
    [330 + rise, 60 + 0.4 * grow, 44 + 0.4 * grow, 64 + 0.4 * grow],
  ];
  return stack(
    tissue,
    knots.map(([z, width, front, back]) => ({ z, y: 4, right: width, left: width, front, back })),
    { roughness: 1.5, mottle: 1 },
    { power: 2.5 },
  );
}

function buildWall(patient: Patient): Solid[] {
  const { fat, breast } = patient;
  // Two coats of muscle with a sheet of fat between them.
  const coat = fat + 0.5 * patient.muscle;
  const layers = [
    trunk("skin", patient, 0),
    trunk("fat", patient, 2),
    trunk("muscle", patient, fat),
    trunk("fat", patient, coat),
    trunk("muscle", patient, coat + 2),
    ...buildBack(),
  ];
  if (breast === 0) return layers;
  const chest = -104 - fat;
  const height = 105 + 45 * breast;
  const floor = 24 - 0.75 * height;
  const breasts = [-1, 1].flatMap((side) => {
    // Thin above, full below, where its fold casts an edge.
    const at = (tissue: Solid["tissue"], size: number, traits: Traits) => {
      const full = size * (10 + 27 * breast);
      const width = size * (62 + 20 * breast);
      return stack(
        tissue,
        [
          { z: floor, x: side * 98, y: chest + 14, right: width, left: width, front: full, back: 12, slope: 0.25 * side },
          { z: floor + 0.25 * height, x: side * 94, front: full },
          { z: floor + 0.6 * height, x: side * 84, front: 0.5 * full },
          { z: floor + height, front: 2 },
        ],
        traits,
        { bottom: 0.25 * height, power: 1.35 },
      );
    };
    return [at("skin", 1, {}), at("fat", 0.96, {}), at("gland", 0.68, { roughness: 6, softness: 8, mottle: 1 })];
  });
  // The breasts come first: the wall's layers cover what would stand inside the chest.
  return [...breasts, ...layers];
}

/** The long muscles of the back, each in its sheet of fat. */
function buildBack(): Solid[] {
  return [-1, 1].flatMap((side) =>
    (["fat", "muscle"] as const).map((tissue, i) => {
      const less = 3 * i;
      return stack(
        tissue,
        [
          { z: -330, x: side * 38, y: 92, right: 34 - less, left: 34 - less, front: 26 - less, back: 22 - less },
          { z: 40, x: side * 32, y: 100, right: 27 - less, left: 27 - less, front: 17 - less, back: 15 - less },
          { z: 200, x: side * 26, y: 82, right: 20 - less, left: 20 - less, front: 14 - less, back: 12 - less },
        ],
        { roughness: 2, mottle: 1 },
        { power: 2.4 },
      );
    }),
  );
}

function buildArm(patient: Patient, side: -1 | 1): Solid[] {
  const { fat, shoulderRise: rise } = patient;
  const spread = patient.armSpread;
  const wide = (inset: number) => (47 - inset) * Math.hypot(1, spread / 250);
  const limb = (tissue: Solid["tissue"], inset: number) => [
    stack(
      tissue,
      mirrored(side, [
        { z: -330, x: 196 + 2 * spread, y: 10, right: wide(inset), left: wide(inset), front: 42 - inset, back: 42 - inset },
        { z: -80, x: 192 + spread, right: wide(inset), left: wide(inset), front: 46 - inset, back: 46 - inset },
        { z: 100 + rise, x: 180 + 0.28 * spread, right: wide(inset), left: wide(inset), front: 52 - inset, back: 52 - inset },
        { z: 165 + rise, x: 166, right: 52 - inset, left: 50 - inset },
        { z: 204 + rise, x: 160 },
      ]),
      {},
      { top: 45 },
    ),
  ];
  return [...limb("fat", 0), ...limb("muscle", 3 + 0.5 * fat)];
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
    column("rightBlood", 9 + u, [-22, -2, 185], [-27, -6, 150], [-27, -4, 96]),
    column("leftBlood", r + 1, [4, -16, 84], [-13 - 6 * u, -20, 110], [-8 - 4 * u, -16, 146]),
    ellipsoid("leftBlood", [5 + 4 * u, 8, 140 + 6 * u], [38 + 4 * u, r, r], [0.42, 0.9, -0.04]),
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
    column("leftBlood", 11.5 + 2.5 * u, [5, 18, -330], [8, 25, -60], [21 + 9 * u, 50, 30], [27 + 7 * u, 51, 90], [22 + 5 * u, 36, 138 + 4 * u]),
    column("organ", 6.5, [6, 20, -20], [3, 41, 60], [3, 32, 130], [0, 34, 220], [0, 30, 300]),
  ];
}

function buildAirways(patient: Patient): Solid[] {
  const bend = 5 * patient.aorta;
  return [
    column("air", 8, [0, 20, 118], [-2 - bend, 18, 150], [0, 16, 200], [0, 10, 300]),
    ellipsoid("air", [-14, 22, 108], [22, 6, 6], [-0.75, 0.1, -0.66], hilum),
    ellipsoid("air", [18, 24, 106], [26, 5.5, 5.5], [0.85, 0.1, -0.5], hilum),
  ];
}

/** A round vessel through the given points, which stand one above the other; the ends are rounded. */
function column(tissue: Solid["tissue"], radius: number, ...points: (readonly [number, number, number])[]): Solid {
  const knots = points
    .toSorted((a, b) => a[2] - b[2])
    .map(([x, y, z]) => ({ z, x, y, right: radius, left: radius, front: radius, back: radius }));
  return stack(tissue, knots, {}, { top: radius, bottom: radius });
}
