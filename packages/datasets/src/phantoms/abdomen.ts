/**
 * The organs of the upper belly beside the liver: stomach, spleen, kidneys, pancreas, bowel.
 *
 * Gas rises: standing patients carry it under the left dome, lying ones before their spine.
 */

import type { Random } from "../random.ts";
import { around, between, chance } from "./draw.ts";
import { buildLiver, buildLiverVessels } from "./liver.ts";
import type { Patient } from "./patient.ts";
import { ellipsoid, type Part, type Point, type Section, type Solid, stack, tube } from "./solids.ts";

export type Posture = "standing" | "lying";

const inside = { cavity: "inside" } as const;

export function buildAbdomen(patient: Patient, diaphragm: readonly Solid[], posture: Posture, random: Random): Part[] {
  const cavity = diaphragm.map((dome) => inset(dome, 3.5));
  const lobes = buildLiver(patient, random);
  return [
    ...cavity,
    ...buildBowel(patient, posture, random),
    ...buildRetroperitoneum(random),
    ...buildStomach(patient, posture, random),
    ...lobes,
    ...(posture === "lying" ? buildLiverVessels(lobes, random) : []),
    ellipsoid("organ", [-42, -54, -86], [14, 24, 12], [0.3, -0.5, 0.8], { ...inside, name: "gallbladder" }),
    ellipsoid("fluid", [-42, -54, -86], [12, 22, 10], [0.3, -0.5, 0.8], { ...inside, name: "gallbladder" }),
  ];
}

/** The room under a part of the diaphragm: the same without its thickness. */
function inset(dome: Solid, thickness: number): Solid {
  const sectionAt = (z: number): Section => {
    const section = dome.sectionAt(Math.min(dome.top, z + thickness));
    const { right, left, front, back } = section;
    const less = (radius: number) => Math.max(0, radius - thickness);
    return { ...section, right: less(right), left: less(left), front: less(front), back: less(back) };
  };
  return { ...dome, tissue: "fat", top: dome.top - thickness, sectionAt, traits: { cavity: "opens", mottle: 0.4 } };
}

function buildRetroperitoneum(random: Random): Part[] {
  const kidneys = [-1, 1].flatMap((side): Part[] => {
    const center: Point = [
      side * around(random, 56, 3),
      around(random, 36, 3),
      around(random, side === 1 ? -76 : -90, 8),
    ];
    const axis: Point = [-0.22 * side, 0.2, 1];
    const sinus: Point = [center[0] - side * 9, center[1] - 3, center[2]];
    const traits = { ...inside, name: side === -1 ? "right kidney" : "left kidney" };
    return [
      ellipsoid("kidney", center, [52, 25, 23], axis, { ...traits, roughness: 1 }),
      ellipsoid("medulla", center, [43, 17, 14], axis, { ...traits, roughness: 4, softness: 4 }),
      ellipsoid("fat", sinus, [26, 12, 9], axis, { ...inside, roughness: 4, softness: 3 }),
    ];
  });
  return [
    ...kidneys,
    ellipsoid("spleen", [94, 34, around(random, -34, 8)], [46, 24, 48], [0.55, 1, -0.2], {
      ...inside,
      name: "spleen",
      roughness: 2,
    }),
    tube(
      "organ",
      [
        [-30, -16, -104],
        [-8, -10, -92],
        [34, 8, -78],
        [82, 24, -60],
      ],
      11,
      8,
      { ...inside, name: "pancreas", roughness: 3, mottle: 0.5 },
    ),
    ellipsoid("organ", [-40, -8, -100], [14, 16, 30], [0, 0, 1], { ...inside, name: "duodenum", roughness: 2 }),
    stack(
      "portalBlood",
      [
        { z: -330, x: -18, y: 16, right: 11, left: 11, front: 10, back: 9 },
        { z: -70, x: -20, y: 12, right: 13, left: 13, front: 10, back: 9 },
        { z: 14, x: -19, y: 8, right: 12, left: 12, front: 11, back: 10 },
      ],
      { name: "postcava" },
    ),
    tube(
      "leftBlood",
      [
        [6, 16, -60],
        [4, -4, -66],
        [2, -12, -90],
        [2, -14, -200],
      ],
      4,
      3.4,
      inside,
    ),
    tube(
      "portalBlood",
      [
        [-5, -8, -92],
        [-8, -14, -120],
        [-8, -16, -200],
      ],
      5.5,
      5,
      inside,
    ),
    ...[-1, 1].flatMap((side): Part[] => [
      tube(
        "muscle",
        [
          [side * 9 + 6, 24, -8],
          [side * 12 + 5, 30, -60],
          [side * 11 + 3, 34, -130],
        ],
        5,
        4.5,
        inside,
      ),
      stack("muscle", [
        { z: -330, x: side * 52, y: 48, right: 26, left: 26, front: 24, back: 28 },
        { z: -120, x: side * 36, y: 56, right: 15, left: 15, front: 17, back: 20 },
        { z: -66, x: side * 28, y: 60, right: 6, left: 6, front: 8, back: 10 },
      ]),
    ]),
  ];
}

function buildStomach(patient: Patient, posture: Posture, random: Random): Part[] {
  const fullness = between(random, 0.6, 1.25);
  const top = patient.domeTop - patient.domeDrop;
  const bodies = [
    { center: [58, 10, top - 44] as Point, radii: [36, 27, 38].map((r) => r * fullness), axis: [0.3, 1, 0.2] as Point },
    {
      center: [50, -30, top - 74] as Point,
      radii: [40, 26, 26].map((r) => r * fullness),
      axis: [0.9, -0.3, 0.6] as Point,
    },
  ];
  const traits = { ...inside, name: "stomach", roughness: 6 };
  const walls: Part[] = bodies.map(({ center, radii, axis }) =>
    ellipsoid("organ", center, [radii[0]! + 5, radii[1]! + 5, radii[2]! + 5], axis, traits),
  );
  const lumens = bodies.map(({ center, radii, axis }) =>
    ellipsoid("fluid", center, [radii[0]!, radii[1]!, radii[2]!], axis, { ...traits, mottle: 0.5 }),
  );
  if (posture === "standing") return [...walls, ...lumens, ...bubble(top, random)];
  const level = around(random, -34, 8);
  return [...walls, ...lumens, ...lumens.map((lumen) => inFrontOf(lumen, level))];
}

/** The gas that lies on the fluid of a hollow organ of a lying patient. */
function inFrontOf(lumen: Solid, level: number): Solid {
  const sectionAt = (z: number): Section => {
    const section = lumen.sectionAt(z);
    const sunk = (level - section.y) / (level < section.y ? section.front : section.back);
    if (!(Math.abs(sunk) < 1)) return { ...section, right: 0, left: 0, front: 0, back: 0 };
    const narrow = level < section.y ? Math.sqrt(1 - sunk * sunk) : 1;
    const front = Math.max(0, level - (section.y - section.front));
    return {
      ...section,
      y: level,
      front,
      back: 0.4,
      right: section.right * narrow,
      left: section.left * narrow,
      slope: 0,
    };
  };
  return { ...lumen, tissue: "air", sectionAt, traits: { ...lumen.traits, roughness: 1, mottle: 0 } };
}

function bubble(top: number, random: Random): Part[] {
  if (chance(random, 0.25)) return [];
  const height = between(random, 7, 24);
  const width = between(random, 18, 42);
  const center: Point = [around(random, 58, 9), 4, top - 9 - height];
  const depth = between(random, 18, 34);
  const [x, y, z] = center;
  // A bubble that fills its room, or one that lies on a level of fluid.
  if (chance(random, 0.5)) return [ellipsoid("air", center, [width, depth, height], [1, 0.1, around(random, 0, 0.1)])];
  const outline = { x, y, right: width, left: width, front: depth, back: depth };
  return [
    stack(
      "air",
      [
        { z: z - 0.2 * height, ...outline },
        { z: z + height, ...outline },
      ],
      {},
      { top: height },
    ),
  ];
}

/** Gas in a loop seen from the front: a few bubbles that run into one another. */
function haustra(center: Point, radius: number, random: Random): Solid[] {
  return Array.from({ length: 2 + random.integer(3) }, () => {
    const at: Point = [center[0] + around(random, 0, radius), center[1], center[2] + around(random, 0, 0.7 * radius)];
    const r = radius * between(random, 0.45, 0.95);
    const axis: Point = [random.normal(), random.normal(), random.normal()];
    return ellipsoid("air", at, [r * between(random, 1, 1.7), 0.7 * r, r], axis, inside);
  });
}

function buildBowel(patient: Patient, posture: Posture, random: Random): Part[] {
  const parts: Part[] = [];
  const loops = 20 + random.integer(10);
  for (let i = 0; i < loops; i++) {
    const isColon = i < 9;
    const t = i / 8;
    // The colon frames the belly under liver and stomach; the small bowel fills what is left.
    const center: Point = isColon
      ? [
          -96 + 200 * t,
          -38 - 26 * Math.sin(Math.PI * t) + around(random, 0, 8),
          patient.domeTop - 122 + 62 * t * t + around(random, 0, 9),
        ]
      : [between(random, -50, 96), between(random, -70, 6), between(random, -300, -84)];
    const radius = isColon ? between(random, 15, 25) : between(random, 9, 15);
    const axis: Point = [random.normal(), random.normal(), random.normal()];
    const radii = [radius * between(random, 1, 1.7), radius, radius * 0.9] as const;
    const traits = { ...inside, roughness: 3 };
    const [a, b, c] = radii;
    parts.push(ellipsoid("organ", center, [a, b, c], axis, traits));
    const wall = isColon ? 2.2 : 2.6;
    const lumen = ellipsoid("fluid", center, [a - wall, b - wall, c - wall], axis, { ...traits, mottle: 1.5 });
    const gas = isColon ? 0.6 : 0.16;
    if (chance(random, isColon ? 0.9 : 0.5)) parts.push(lumen);
    if (!chance(random, gas)) continue;
    if (posture === "lying") parts.push(inFrontOf(lumen, center[1] + between(random, -0.5, 0.8) * b));
    else parts.push(...haustra(center, radius - wall, random));
  }
  return parts;
}
