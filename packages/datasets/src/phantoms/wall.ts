/**
 * The outer layers of the trunk and the arms.
 */

import type { Patient } from "./patient.ts";
import { mirrored, type Solid, stack, type Traits } from "./solids.ts";

/** The trunk as a stack; `inset` mm under the skin. */
export function trunk(tissue: Solid["tissue"], patient: Patient, inset: number): Solid {
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

/** Skin, fat, two coats of muscle and the breasts. */
export function buildWall(patient: Patient): Solid[] {
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
          {
            z: floor,
            x: side * 98,
            y: chest + 14,
            right: width,
            left: width,
            front: full,
            back: 12,
            slope: 0.25 * side,
          },
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

/** One upper arm, hanging off the trunk. */
export function buildArm(patient: Patient, side: -1 | 1): Solid[] {
  const { fat, shoulderRise: rise } = patient;
  const spread = patient.armSpread;
  const wide = (inset: number) => (47 - inset) * Math.hypot(1, spread / 250);
  const limb = (tissue: Solid["tissue"], inset: number) => [
    stack(
      tissue,
      mirrored(side, [
        {
          z: -330,
          x: 196 + 2 * spread,
          y: 10,
          right: wide(inset),
          left: wide(inset),
          front: 42 - inset,
          back: 42 - inset,
        },
        { z: -80, x: 192 + spread, right: wide(inset), left: wide(inset), front: 46 - inset, back: 46 - inset },
        {
          z: 100 + rise,
          x: 180 + 0.28 * spread,
          right: wide(inset),
          left: wide(inset),
          front: 52 - inset,
          back: 52 - inset,
        },
        { z: 165 + rise, x: 166, right: 52 - inset, left: 50 - inset },
        { z: 204 + rise, x: 160 },
      ]),
      {},
      { top: 45 },
    ),
  ];
  return [...limb("fat", 0), ...limb("muscle", 3 + 0.5 * fat)];
}
