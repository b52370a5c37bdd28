/**
 * Spine, ribs, breastbone, collarbones and shoulder blades, fitted to the trunk that carries them.
 *
 * Bones have a compact shell and a spongy core: the shell is what draws their outlines on a film.
 */

import type { Random } from "../random.ts";
import { around, between } from "./draw.ts";
import type { Patient } from "./patient.ts";
import { curve, ellipsoid, type Part, type Point, type Solid, stack, type Tube, tube } from "./solids.ts";

export interface Skeleton {
  readonly spine: readonly Part[];
  /** Ribs, costal cartilages and the breastbone. */
  readonly cage: readonly Part[];
  /** Shoulder blades and collarbones. */
  readonly girdle: readonly Part[];
  /** Upper arms. */
  readonly arms: readonly Part[];
}

export function buildSkeleton(patient: Patient, lungs: readonly [Solid, Solid], random: Random): Skeleton {
  return {
    spine: buildSpine(patient),
    cage: [...[0, 1].flatMap((i) => buildRibs(patient, lungs[i]!, i === 0 ? -1 : 1, random)), ...buildBreastbone()],
    girdle: [-1, 1].flatMap((side) => buildGirdle(patient, side as -1 | 1, random)),
    arms: [-1, 1].flatMap((side) => buildUpperArm(patient, side as -1 | 1)),
  };
}

/** Heights of the vertebrae's middles, from the fifth lumbar up to the fourth cervical; the first thoracic is number 0. */
function vertebraHeight(number: number): number {
  if (number > 0) return 214 + 17.5 * number;
  return 214 + 19.2 * number - 0.27 * number * number;
}

export function spineX(patient: Patient, z: number): number {
  return patient.scoliosis * Math.sin((z + 60) / 75);
}

/** Depth of the vertebrae's middles: bent back in the chest, forward in the neck and the loins. */
const spineY = curve([
  [-330, 38],
  [-150, 45],
  [-60, 53],
  [60, 60],
  [120, 58],
  [200, 44],
  [270, 26],
]);

/** Middle of a vertebra's body; the first thoracic is number 0, the second -1. */
export function vertebraCenter(patient: Patient, number: number): Point {
  const z = vertebraHeight(number);
  return [spineX(patient, z), spineY(z), z];
}

function buildSpine(patient: Patient): Part[] {
  const parts: Part[] = [];
  for (let number = -16; number <= 5; number++) {
    const [x, y, z] = vertebraCenter(patient, number);
    const next = vertebraHeight(number - 1);
    const half = 0.4 * (z - next);
    const width = 17.5 - 0.45 * number + (number > 0 ? -2 : 0);
    const depth = 12.5 - 0.35 * number;
    const outline = (scale: number) => ({
      right: width * scale,
      left: width * scale,
      front: depth * scale,
      back: depth,
    });
    const body = stack(
      "bone",
      [
        { z: z - half, x, y, ...outline(1) },
        { z, ...outline(0.9) },
        { z: z + half, ...outline(1) },
      ],
      { cortex: 0.5, mottle: 0.4, density: 0.75 },
      { power: 2.6 },
    );
    const disc = stack("disc", [
      { z: next + half, x, y, ...outline(0.98) },
      { z: z - half, ...outline(0.98) },
    ]);
    const back = y + depth;
    const spinous = number > 0 ? 12 : 24;
    const bone = { cortex: 1.4, density: 0.75 };
    const canal = ellipsoid("fluid", [x, back + 8, z], [9.5, 8.5, half * 1.3], [1, 0, 0]);
    parts.push(disc, body, canal);
    for (const side of [-1, 1]) {
      parts.push(
        ellipsoid("bone", [x + side * (width - 4.5), back + 5, z + 3], [4.6, 9, 0.55 * half + 2.5], [1, 0, 0], bone),
      );
      parts.push(
        tube(
          "bone",
          [
            [x + side * 13, back + 10, z + 1],
            [x + side * 1, back + 24, z - 5],
          ],
          3.6,
          3.4,
          bone,
        ),
      );
      const reach = number > -12 ? 32 : 38;
      parts.push(
        tube(
          "bone",
          [
            [x + side * 13, back + 11, z + 4],
            [x + side * reach, back + (number > -12 ? 22 : 12), z + 5],
          ],
          4.2,
          3.4,
          bone,
        ),
      );
    }
    parts.push(
      tube(
        "bone",
        [
          [x, back + 22, z - 4],
          [x, back + 22 + 0.6 * spinous, z - 10],
          [x, back + 22 + spinous, z - 19],
        ],
        3.6,
        3.8,
        bone,
      ),
    );
  }
  return parts;
}

function buildRibs(patient: Patient, lung: Solid, side: -1 | 1, random: Random): Tube[] {
  const tubes: Tube[] = [];
  for (let number = 1; number <= 12; number++) {
    const start = vertebraHeight(1 - number) + 4;
    const fall =
      patient.ribFall * ([34, 52, 66, 78, 88, 95, 100, 100, 92, 78, 50, 34][number - 1]! + around(random, 0, 2));
    // Where the bony rib ends, as an angle from the back around the side: 180 degrees is the front.
    const end = ([162, 158, 152, 149, 146, 143, 139, 130, 120, 108, 78, 52][number - 1]! * Math.PI) / 180;
    const at = (angle: number): Point => {
      const sunk = 0.55 * (angle / Math.PI) + 0.45 * ((1 - Math.cos(angle)) / 2);
      const z = start - fall * sunk - 3;
      const section = lung.sectionAt(Math.min(lung.top - 7, Math.max(-58, z)));
      const lateral = (side === 1 ? section.left : section.right) + 5.5;
      const depth = Math.cos(angle) > 0 ? section.back + 5.5 : section.front + 5.5;
      const bend = 2 / section.power;
      return [
        section.x + side * lateral * Math.sin(angle) ** bend,
        section.y + Math.sign(Math.cos(angle)) * depth * Math.abs(Math.cos(angle)) ** bend,
        z,
      ];
    };
    const x = spineX(patient, start);
    const y = spineY(start);
    const steps = 14;
    const arc = Array.from({ length: steps + 1 }, (_, i) => at(0.06 + ((end - 0.06) * i) / steps));
    const head: Point[] = [
      [x + side * 19, y + 14, start + 3],
      [x + side * 36, Math.max(y + 30, arc[0]![1] - 6), start + 3],
    ];
    const radius = number === 1 ? 6.2 : number > 10 ? 4.8 : around(random, 6.1, 0.25);
    const rib = tube("bone", [...head, ...arc], radius * 0.9, radius, { cortex: 1.9, mottle: 0.2, flatness: 0.62 });
    const numSamples = rib.points.length / 4;
    // Ribs are thinnest where they turn around the side.
    for (let i = 0; i < numSamples; i++) rib.points[4 * i + 3]! *= 1 - 0.4 * Math.sin((Math.PI * i) / numSamples) ** 2;
    tubes.push(rib);
    if (number > 10) continue;
    // The cartilage rises to the breastbone, or to the cartilage above.
    const last = arc[steps]!;
    const joint = Math.max(66 - 5 * (number - 6), Math.min(176 - 19 * (number - 1), 190));
    const inward: Point =
      number <= 7
        ? [side * 17, -80 + 0.0012 * (joint - 60) ** 2, joint]
        : [last[0] - side * 26, last[1] - 8, last[2] + 14];
    const middle: Point = [
      (last[0] + inward[0]) / 2,
      (last[1] + inward[1]) / 2 - 5,
      Math.min(last[2], inward[2]) + 0.25 * Math.abs(last[2] - inward[2]),
    ];
    tubes.push(tube("cartilage", [last, middle, inward], radius, 4.5));
  }
  return tubes;
}

function buildBreastbone(): Part[] {
  const bone = { cortex: 1.2, mottle: 0.3 };
  return [
    stack(
      "bone",
      [
        { z: 52, x: 0, y: -86, right: 9, left: 9, front: 4, back: 4 },
        { z: 75, y: -84, right: 18, left: 18, front: 5.5, back: 5.5 },
        { z: 145, y: -72, right: 13, left: 13 },
      ],
      bone,
      { bottom: 10, top: 5, power: 2.6 },
    ),
    stack(
      "bone",
      [
        { z: 147, x: 0, y: -71, right: 16, left: 16, front: 6, back: 6 },
        { z: 182, y: -54, right: 27, left: 27 },
      ],
      bone,
      { bottom: 4, top: 8, power: 2.6 },
    ),
  ];
}

/** The end of a collarbone at the breastbone. */
export const collarHead = (side: -1 | 1): Point => [side * 19, -50, 172];

function buildGirdle(patient: Patient, side: -1 | 1, random: Random): Part[] {
  const rise = patient.shoulderRise;
  const out = 30 * patient.shoulderRoll;
  const at = (x: number, y: number, z: number): Point => [side * x, y, z];
  const bone = { cortex: 1.4, mottle: 0.2 };
  const bow = between(random, 4, 14);
  const collar = tube(
    "bone",
    [
      collarHead(side),
      at(48, -54 - bow * 0.3, 176 + 0.3 * rise + bow * 0.4),
      at(88, -34, 186 + 0.7 * rise + bow * 0.6),
      at(122, -6, 190 + rise),
      at(150, 8, 189 + rise),
    ],
    7.4,
    6,
    { ...bone, cortex: 3 },
  );
  const superior = at(70 + out, 92 - 0.25 * out, 172 + rise);
  const inferior = at(92 + out, 98 - 0.4 * out, 48 + 0.6 * rise);
  const glenoid = at(140 + 0.3 * out, 34, 158 + rise);
  const medial = at(66 + out, 98 - 0.3 * out, 120 + rise);
  const acromion = at(156, 16, 187 + rise);
  const edge = (points: readonly Point[], from: number, to: number) => tube("bone", points, from, to, bone);
  const blade: Tube[] = [];
  for (let i = 1; i < 12; i++) {
    const t = i / 12;
    const inner: Point = mix(superior, inferior, t);
    const outer: Point = mix(glenoid, inferior, t);
    blade.push(tube("bone", [inner, mix(inner, outer, 0.5), outer], 1.1, 1.1));
  }
  return [
    collar,
    ...blade,
    edge([superior, medial, inferior], 2.2, 2.6),
    edge([inferior, mix(inferior, glenoid, 0.55), glenoid], 3.2, 6),
    edge([superior, mix(superior, glenoid, 0.5), glenoid], 2, 4),
    edge([mix(superior, inferior, 0.25), at(110 + 0.6 * out, 80 - 0.3 * out, 178 + rise), acromion], 3, 6),
    edge([at(134 + 0.3 * out, 30, 178 + rise), at(110 + 0.3 * out, 6, 168 + rise)], 4.6, 4),
    ellipsoid("bone", glenoid, [7, 9, 17], [1, 0.3 * side, 0], bone),
  ];
}

function buildUpperArm(patient: Patient, side: -1 | 1): Part[] {
  const rise = patient.shoulderRise;
  const spread = patient.armSpread;
  const bone = { cortex: 3, mottle: 0.2 };
  return [
    ellipsoid("bone", [side * 165, 10, 163 + rise], [23, 22, 24], [1, 0, 0], { cortex: 1.5, mottle: 0.3 }),
    tube(
      "bone",
      [
        [side * 172, 10, 148 + rise],
        [side * (176 + 0.4 * spread), 10, 60],
        [side * (192 + spread), 10, -80],
        [side * (196 + 1.7 * spread), 10, -260],
      ],
      14,
      11,
      bone,
    ),
  ];
}

function mix(a: Point, b: Point, t: number): Point {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}
