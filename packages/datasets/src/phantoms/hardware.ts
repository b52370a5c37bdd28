/**
 * Things on or in the patient that are no anatomy, and what the X-ray room adds: wires, tubes, a pacemaker, lead letters.
 *
 * All of it attenuates like the rest and is seen through the same film.
 */

import type { Random } from "../random.ts";
import { around, between, chance, oneOf } from "./draw.ts";
import type { Field } from "./noise.ts";
import type { Film } from "./projection.ts";
import { addRods } from "./rods.ts";
import { type Point, tube } from "./solids.ts";

/** Strokes of lead letters on a grid of 4 x 6, y downward; a letter may have several strokes. */
const strokes: Readonly<Record<string, readonly (readonly (readonly [number, number])[])[]>> = {
  R: [
    [
      [0, 6],
      [0, 0],
      [3, 0],
      [4, 1],
      [4, 2],
      [3, 3],
      [0, 3],
    ],
    [
      [2, 3],
      [4, 6],
    ],
  ],
  L: [
    [
      [0, 0],
      [0, 6],
      [4, 6],
    ],
  ],
  A: [
    [
      [0, 6],
      [2, 0],
      [4, 6],
    ],
    [
      [1, 4],
      [3, 4],
    ],
  ],
  P: [
    [
      [0, 6],
      [0, 0],
      [3, 0],
      [4, 1],
      [4, 2],
      [3, 3],
      [0, 3],
    ],
  ],
  D: [
    [
      [0, 0],
      [0, 6],
      [2, 6],
      [4, 4],
      [4, 2],
      [2, 0],
      [0, 0],
    ],
  ],
  E: [
    [
      [4, 0],
      [0, 0],
      [0, 6],
      [4, 6],
    ],
    [
      [0, 3],
      [3, 3],
    ],
  ],
  C: [
    [
      [4, 1],
      [3, 0],
      [1, 0],
      [0, 1],
      [0, 5],
      [1, 6],
      [3, 6],
      [4, 5],
    ],
  ],
  T: [
    [
      [0, 0],
      [4, 0],
    ],
    [
      [2, 0],
      [2, 6],
    ],
  ],
};

/** Draws what this picture has and adds it to the line integrals. */
export function addHardware(depth: Field, film: Film, random: Random): void {
  if (chance(random, 0.7)) addLetters(depth, film, random);
  if (chance(random, 0.1)) addElectrodes(depth, film, random);
  if (chance(random, 0.08)) addLine(depth, film, random);
  if (chance(random, 0.03)) addPacemaker(depth, film, random);
}

function addLetters(depth: Field, film: Film, random: Random): void {
  const half = (film.size * film.pitch) / 2;
  const isRight = chance(random, 0.7);
  const words = [isRight ? "R" : "L", ...(chance(random, 0.3) ? [oneOf(random, ["PA", "AP", "ERECT", "PED"])] : [])];
  let top = film.z + half * between(random, 0.55, 0.92);
  for (const word of words) {
    const unit = between(random, 1.5, word.length > 1 ? 1.8 : 3);
    const width = word.length * 5.5 * unit;
    const edge = half * between(random, 0.78, 0.94);
    const left = isRight ? film.x - edge : film.x + edge - width;
    for (const [i, letter] of [...word].entries()) {
      for (const stroke of strokes[letter]!) {
        const points = stroke.map(([x, y]): Point => [left + (5.5 * i + x) * unit, 0, top - y * unit]);
        for (let k = 1; k < points.length; k++)
          addRods(depth, [tube("bone", [points[k - 1]!, points[k]!], 0.45 * unit)], film, 1.2);
      }
    }
    top -= 9 * unit;
  }
}

/** Stickers with snaps, and their cables out of the picture. */
function addElectrodes(depth: Field, film: Film, random: Random): void {
  const count = 2 + random.integer(4);
  for (let i = 0; i < count; i++) {
    const at: Point = [between(random, -130, 130), 0, between(random, -40, 190)];
    const way = between(random, -60, 60);
    const end: Point = [at[0] + way, 0, film.z + (chance(random, 0.5) ? -1 : 1) * film.size * film.pitch * 0.6];
    const middle: Point = [at[0] + between(random, -70, 70), 0, (at[2] + end[2]) / 2];
    addRods(depth, [tube("bone", [at, middle, end], 0.8)], film, 0.22);
    addRods(
      depth,
      [
        tube(
          "bone",
          [
            [at[0], -4, at[2]],
            [at[0], 4, at[2]],
          ],
          5,
        ),
      ],
      film,
      0.12,
    );
  }
}

/** A catheter from the neck or the arm to the heart, or a tube in the windpipe or the gullet. */
function addLine(depth: Field, film: Film, random: Random): void {
  const isCatheter = chance(random, 0.6);
  const side = chance(random, 0.7) ? -1 : 1;
  const points: Point[] = isCatheter
    ? [
        [side * 150, 0, 130],
        [side * 90, 0, 176],
        [side * 30, 0, 165],
        [-24, 0, 130],
        [-24, 0, between(random, 50, 95)],
      ]
    : [
        [around(random, 0, 4), 0, 320],
        [around(random, 0, 3), 0, 220],
        [2, 0, 120],
        ...(chance(random, 0.6) ? [[10, 0, 40] as Point, [50, 0, -30] as Point] : []),
      ];
  addRods(depth, [tube("bone", points, isCatheter ? 1 : 2)], film, isCatheter ? 0.14 : 0.06);
}

function addPacemaker(depth: Field, film: Film, random: Random): void {
  const x = between(random, 88, 112);
  const z = between(random, 138, 165);
  // A can with round corners, filled row by row.
  const sheets = Array.from({ length: 20 }, (_, i) => {
    const t = (i - 9.5) / 10;
    const half = 22 * (1 - t ** 4) ** 0.25;
    return tube(
      "bone",
      [
        [x - half, 0, z + 18 * t],
        [x + half, 0, z + 18 * t],
      ],
      1.2,
    );
  });
  addRods(depth, sheets, film, 0.5);
  addRods(
    depth,
    [
      tube(
        "bone",
        [
          [x - 10, 0, z + 16],
          [x - 50, 0, z + 24],
          [-20, 0, 140],
          [-22, 0, 60],
          [20, 0, 12],
          [38, 0, 8],
        ],
        0.9,
      ),
    ],
    film,
    0.35,
  );
}
