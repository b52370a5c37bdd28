/**
 * The heart: four chambers in their walls, in the fat of the pericardium.
 *
 * It is drawn from back to front of a painter's order: walls first, chambers into them, the left ventricle last because
 * its thick wall bounds the right ventricle's cavity (the septum). Chambers carry their names, walls do not: masks
 * show cavities.
 */

import type { Patient } from "./patient.ts";
import { ellipsoid, type Point, type Solid, stack } from "./solids.ts";

export const heartChambers = ["left ventricle", "right ventricle", "left atrium", "right atrium"] as const;

/** Height of the heart's floor: it rests on the diaphragm. */
function floorOf(patient: Patient): number {
  return patient.domeTop - 6;
}

/** Lowest and highest of the heights at which a slice meets all four chambers. */
export function chamberHeights(patient: Patient): [number, number] {
  return [floorOf(patient) + 40 * patient.heart, floorOf(patient) + 58 * patient.heart];
}

/** Grows the heart about the point where it rests on the diaphragm. */
function growth(patient: Patient): (point: Point) => Point {
  const { heart: size, heartShift: shift } = patient;
  const base = floorOf(patient);
  return ([x, y, z]) => [8 + shift + (x - 8) * size, -14 + (y + 14) * size, base + (z - 2) * size];
}

/** Direction of the left ventricle's long axis. */
const ventricleAxis = ({ heartRise: rise }: Patient): Point => [0.72 - 0.1 * rise, -0.58, -0.38 - 0.22 * rise];

/** The left ventricle's wall: middle and half-length along its axis, before growth. */
const VENTRICLE = { middle: [44, -24, 36], halfLength: 50 } as const;

/** The tip of the left ventricle. */
export function heartApex(patient: Patient): Point {
  const axis = ventricleAxis(patient);
  const stretch = VENTRICLE.halfLength / Math.hypot(...axis);
  const [x, y, z] = VENTRICLE.middle;
  return growth(patient)([x + stretch * axis[0], y + stretch * axis[1], z + stretch * axis[2]]);
}

export function buildHeart(patient: Patient): Solid[] {
  const { heart: size } = patient;
  const at = growth(patient);
  const grown = (a: number, b: number, c: number): [number, number, number] => [a * size, b * size, c * size];
  const apex = ventricleAxis(patient);
  const wall = { roughness: 1.5, mottle: 0.3 };
  const cavity = (name: (typeof heartChambers)[number]) => ({ name, roughness: 2, mottle: 0.5 });
  return [
    // Pericardial fat: wide at the diaphragm, narrow at the vessels.
    stack(
      "fat",
      [
        {
          z: at([0, 0, -20])[2],
          x: at([12, 0, 0])[0],
          y: -22,
          right: 44 * size,
          left: 70 * size,
          front: 60 * size,
          back: 50 * size,
        },
        {
          z: at([0, 0, 30])[2],
          x: at([10, 0, 0])[0],
          y: -20,
          right: 54 * size,
          left: 73 * size,
          front: 64 * size,
          back: 64 * size,
        },
        {
          z: at([0, 0, 70])[2],
          x: at([4, 0, 0])[0],
          y: -14,
          right: 44 * size,
          left: 52 * size,
          front: 58 * size,
          back: 62 * size,
        },
        {
          z: at([0, 0, 104])[2],
          x: at([2, 0, 0])[0],
          y: -12,
          right: 30 * size,
          left: 34 * size,
          front: 42 * size,
          back: 34 * size,
        },
      ],
      { roughness: 2 },
      { bottom: 12, top: 16 },
    ),
    ellipsoid("myocardium", at([-22, -6, 45]), grown(28, 32, 36), [1, 0.3, 0.2], wall),
    ellipsoid("rightBlood", at([-22, -6, 45]), grown(26, 30, 33), [1, 0.3, 0.2], cavity("right atrium")),
    ellipsoid("rightBlood", at([-14, -24, 68]), grown(17, 12, 14), [0.7, -0.6, 0.3], cavity("right atrium")),
    ellipsoid("myocardium", at([15, -42, 38]), grown(53, 30, 37), [0.8, -0.36, -0.3], wall),
    ellipsoid("rightBlood", at([15, -42, 38]), grown(50, 27, 34), [0.8, -0.36, -0.3], cavity("right ventricle")),
    ellipsoid("myocardium", at([17, -36, 78]), grown(17, 16, 32), [0.2, -0.1, 1], wall),
    ellipsoid("rightBlood", at([17, -36, 78]), grown(14, 13, 30), [0.2, -0.1, 1], cavity("right ventricle")),
    ellipsoid("myocardium", at([6, 20, 60]), grown(38, 21, 27), [1, 0.12, 0.1], wall),
    ellipsoid("leftBlood", at([6, 20, 60]), grown(36, 19, 25), [1, 0.12, 0.1], cavity("left atrium")),
    ellipsoid("leftBlood", at([40, 4, 82]), grown(18, 10, 12), [0.4, -0.7, 0.6], cavity("left atrium")),
    ellipsoid("myocardium", at(VENTRICLE.middle), grown(VENTRICLE.halfLength, 35, 36), apex, wall),
    ellipsoid("leftBlood", at([37, -18, 39]), grown(46, 24, 25), apex, cavity("left ventricle")),
    // Papillary muscles stand in the cavity and count as part of it.
    ellipsoid("myocardium", at([58, -22, 26]), grown(11, 4.5, 4.5), apex, { isInner: true, roughness: 1 }),
    ellipsoid("myocardium", at([50, -38, 30]), grown(10, 4, 4), apex, { isInner: true, roughness: 1 }),
  ];
}
