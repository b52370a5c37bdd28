/**
 * Arteries and veins of a retina: four arcades from the optic disc, and the branches that grow from them.
 *
 * Units   the radius of the field of view is 1; y points down; x points to the temple (toward the macula).
 * Crossing  an artery may cross a vein, but no vessel crosses another of its own kind: what would, turns away or ends.
 * Source  Murray's law for the radii at a branching; arcades that enclose the macula like a parabola.
 */

import type { Random } from "../random.ts";
import { around, between, chance } from "./draw.ts";
import { type Curve, curve } from "./solids.ts";

export interface RetinaVessel {
  readonly isArtery: boolean;
  /** x, y, radius in turn, at most half a radius of the thinnest vessel apart. */
  readonly points: readonly number[];
}

export interface RetinaPlan {
  readonly disc: readonly [number, number];
  readonly discRadius: number;
  readonly fovea: readonly [number, number];
  /** How much the vessels wind, 0-1. */
  readonly tortuosity: number;
  /** Radius of the widest vein at the disc. */
  readonly caliber: number;
}

const STEP = 0.008;
const MAX_VESSELS = 110;
/** Vessels thinner than this are not seen, and not drawn. */
const MIN_RADIUS = 0.0042;
/** Cells across the map of what is already taken. */
const MAP_CELLS = 110;

export function growRetina(plan: RetinaPlan, random: Random): RetinaVessel[] {
  const grower = new RetinaGrower(plan, random);
  for (const [vertical, isTemporal] of [
    [-1, true],
    [1, true],
    [-1, false],
    [1, false],
  ] as const) {
    for (const isArtery of [false, true]) grower.arcade(vertical, isTemporal, isArtery);
  }
  grower.rays();
  grower.growBranches();
  return grower.vessels;
}

interface Bud {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  readonly radius: number;
  readonly isArtery: boolean;
  readonly order: number;
}

class RetinaGrower {
  readonly vessels: RetinaVessel[] = [];
  readonly #plan: RetinaPlan;
  readonly #random: Random;
  readonly #buds: Bud[] = [];
  readonly #taken: readonly [Uint16Array, Uint16Array] = [
    new Uint16Array(MAP_CELLS * MAP_CELLS),
    new Uint16Array(MAP_CELLS * MAP_CELLS),
  ];

  constructor(plan: RetinaPlan, random: Random) {
    this.#plan = plan;
    this.#random = random;
  }

  /** One of the eight trunks, drawn through way points around the macula or toward the nose. */
  arcade(vertical: -1 | 1, isTemporal: boolean, isArtery: boolean): void {
    const { disc, fovea, discRadius, tortuosity, caliber } = this.#plan;
    const random = this.#random;
    const d = Math.hypot(fovea[0] - disc[0], fovea[1] - disc[1]);
    const wide = around(random, isArtery ? 0.86 : 1.04, 0.07);
    const ways = isTemporal
      ? [
          [0, 0],
          [0.09, 0.22],
          [0.36, 0.62 * wide],
          [0.85, 0.92 * wide],
          [1.5, 0.98 * wide],
          [2.2, 0.84 * wide],
          [3, 0.6 * wide],
        ]
      : [
          [0, 0],
          [-0.12, 0.2],
          [-0.5, 0.62 * wide],
          [-1.05, 1.05 * wide],
          [-1.7, 1.45 * wide],
          [-2.6, 2 * wide],
        ];
    const shift = discRadius * (around(random, 0, 0.15) + (isArtery ? 0.12 : -0.12));
    const points = ways.map(([x, y], i) => {
      const jitter = i < 2 ? 0.015 : 0.06;
      return [
        disc[0] + d * (x! + around(random, 0, jitter)) + (i < 2 ? shift : 0),
        disc[1] + vertical * d * (y! + around(random, 0, jitter)),
      ];
    });
    const along = points.map((_, i) => i);
    const [xAt, yAt] = [0, 1].map((axis) => curve(along.map((i) => [i, points[i]![axis]!]))) as [Curve, Curve];
    const radius = caliber * (isArtery ? 0.74 : 1) * (isTemporal ? 1 : 0.8) * around(random, 1, 0.08);
    const wind = windings(random, tortuosity);
    const path: number[] = [];
    let length = 0;
    for (let t = 0; t < points.length - 1; ) {
      const [dx, dy] = [xAt(t + 0.01) - xAt(t), yAt(t + 0.01) - yAt(t)];
      const speed = Math.hypot(dx, dy) / 0.01;
      const away = wind(length) * Math.min(1, length / (1.5 * discRadius));
      const x = xAt(t) - (dy / (0.01 * speed)) * away;
      const y = yAt(t) + (dx / (0.01 * speed)) * away;
      if (Math.hypot(x, y) > 1.06) break;
      path.push(x, y, radius * Math.max(0.32, 1 - 0.42 * length));
      t += STEP / Math.max(0.05, speed);
      length += STEP;
    }
    this.#keep(path, isArtery, 0);
  }

  /** Thin vessels straight from the disc's rim: toward the macula, the nose, and between the arcades. */
  rays(): void {
    const { disc, discRadius, caliber } = this.#plan;
    const random = this.#random;
    const count = 5 + random.integer(5);
    for (let i = 0; i < count; i++) {
      const angle = (2 * Math.PI * (i + between(random, -0.3, 0.3))) / count;
      const start = discRadius * between(random, 0.1, 0.5);
      this.#buds.push({
        x: disc[0] + start * Math.cos(angle),
        y: disc[1] + start * Math.sin(angle),
        angle,
        radius: caliber * between(random, 0.32, 0.6),
        isArtery: chance(random, 0.5),
        order: 1,
      });
    }
  }

  /** Grows what buds there are, the thickest first, each with buds of its own. */
  growBranches(): void {
    while (this.#buds.length > 0 && this.vessels.length < MAX_VESSELS) {
      let next = 0;
      for (let i = 1; i < this.#buds.length; i++) if (this.#buds[i]!.radius > this.#buds[next]!.radius) next = i;
      const [bud] = this.#buds.splice(next, 1) as [Bud];
      this.#grow(bud);
    }
  }

  #grow(bud: Bud): void {
    const { disc, discRadius, fovea, tortuosity } = this.#plan;
    const random = this.#random;
    const d = Math.hypot(fovea[0] - disc[0], fovea[1] - disc[1]);
    const path: number[] = [];
    let { x, y, angle, radius } = bud;
    let bend = 0;
    const reach = Math.min(1.6, (50 + 60 * random.next()) * bud.radius + 0.1);
    for (let length = 0; length < reach; length += STEP) {
      path.push(x, y, radius);
      // Curvature wanders; vessels drift away from the disc, near the macula toward it, and end before its middle.
      bend += around(random, 0, 0.012 + 0.03 * tortuosity) - 0.14 * bend;
      const toFovea = Math.hypot(fovea[0] - x, fovea[1] - y);
      if (toFovea < 0.17 * d) break;
      const goal = toFovea < 0.75 * d ? Math.atan2(fovea[1] - y, fovea[0] - x) : Math.atan2(y - disc[1], x - disc[0]);
      angle += bend + 0.03 * Math.sin(goal - angle);
      const isStarting = length < 8 * STEP || Math.hypot(x - disc[0], y - disc[1]) < 1.2 * discRadius;
      const open = isStarting ? angle : this.#openWay(x, y, angle, bud.isArtery);
      if (open === undefined) break;
      angle = open;
      x += STEP * Math.cos(angle);
      y += STEP * Math.sin(angle);
      radius = bud.radius * (1 - 0.35 * (length / reach));
      if (Math.hypot(x, y) > 1.05 || radius < MIN_RADIUS) break;
    }
    if (path.length > 3 * 6) this.#keep(path, bud.isArtery, bud.order);
  }

  /** The angle itself, or one to its side, that does not run into a vessel of the same kind. */
  #openWay(x: number, y: number, angle: number, isArtery: boolean): number | undefined {
    const map = this.#taken[isArtery ? 0 : 1];
    for (const turn of [0, 0.2, -0.2, 0.4, -0.4]) {
      let isFree = true;
      for (const ahead of [3, 5]) {
        const cell = cellAt(x + ahead * STEP * Math.cos(angle + turn), y + ahead * STEP * Math.sin(angle + turn));
        if (cell !== undefined && map[cell] !== 0) isFree = false;
      }
      if (isFree) return angle + turn;
    }
    return undefined;
  }

  /** Adds a finished vessel, marks what it takes, and sets buds along it. */
  #keep(points: number[], isArtery: boolean, order: number): void {
    const random = this.#random;
    this.vessels.push({ isArtery, points });
    const map = this.#taken[isArtery ? 0 : 1];
    for (let i = 0; i < points.length; i += 3) {
      const cell = cellAt(points[i]!, points[i + 1]!);
      if (cell !== undefined) map[cell] = this.vessels.length;
    }
    const { disc, discRadius } = this.#plan;
    const count = points.length / 3;
    let side = chance(random, 0.5) ? 1 : -1;
    let next = Math.round(between(random, 5, order === 0 ? 14 : 18));
    for (let i = 0; i < count - 4; i++) {
      const [x, y, radius] = [points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!];
      if (Math.hypot(x - disc[0], y - disc[1]) < 1.05 * discRadius) continue;
      if (--next > 0) continue;
      const angle = Math.atan2(points[3 * i + 4]! - y, points[3 * i + 3]! - x);
      const thin = radius * (order === 0 ? between(random, 0.3, 0.75) : between(random, 0.5, 0.85));
      if (thin > MIN_RADIUS) {
        this.#buds.push({
          x,
          y,
          angle: angle + side * between(random, 0.45, 1.05),
          radius: thin,
          isArtery,
          order: order + 1,
        });
      }
      side = chance(random, 0.75) ? -side : side;
      next = Math.round(between(random, 12, 40) * (order === 0 ? 1 : 1.6));
    }
    // A trunk ends in a fork as often as it fades.
    const last = count - 2;
    const tip = points[3 * last + 2]!;
    if (chance(random, 0.6) && 0.8 * tip > MIN_RADIUS && Math.hypot(points[3 * last]!, points[3 * last + 1]!) < 0.95) {
      const [x, y] = [points[3 * last]!, points[3 * last + 1]!];
      const angle = Math.atan2(points[3 * last + 4]! - y, points[3 * last + 3]! - x);
      for (const turn of [-0.45, 0.45]) {
        this.#buds.push({ x, y, angle: angle + turn, radius: 0.85 * tip, isArtery, order: order + 1 });
      }
    }
  }
}

function cellAt(x: number, y: number): number | undefined {
  const column = Math.floor(((x + 1.1) / 2.2) * MAP_CELLS);
  const row = Math.floor(((y + 1.1) / 2.2) * MAP_CELLS);
  if (column < 0 || row < 0 || column >= MAP_CELLS || row >= MAP_CELLS) return undefined;
  return row * MAP_CELLS + column;
}

/** A sum of a few waves along a vessel: how far it strays from its way. */
function windings(random: Random, tortuosity: number): Curve {
  const waves = [0.9, 0.42, 0.2].map((length) => ({
    amplitude: 0.026 * length * (0.35 + 1.5 * tortuosity) * around(random, 1, 0.3),
    phase: between(random, 0, 2 * Math.PI),
    length: length * between(random, 0.75, 1.3),
  }));
  return (position) =>
    waves.reduce(
      (sum, wave) => sum + wave.amplitude * Math.sin(wave.phase + (2 * Math.PI * position) / wave.length),
      0,
    );
}
