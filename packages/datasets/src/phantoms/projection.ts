/**
 * A chest X-ray's primary image: for each pixel the line integral of attenuation through the body, along y.
 *
 * Large parts give intervals of the ray; where they overlap, the later part displaces the earlier (a painter's order).
 * What is thin, bones and vessels, is added by rods.ts.
 *
 * Shapes  `Projection` holds fields of size x size; row 0 is the head's side, column 0 the patient's right.
 * Units   attenuation in 1/mm, `pitch` in mm per pixel, line integrals without unit.
 * Source  Beer-Lambert's law; attenuation of tissues near 60 keV after the NIST XCOM tables, rounded.
 */

import type { Field } from "./noise.ts";
import type { Section, Solid, Tissue } from "./solids.ts";

/** Linear attenuation coefficients, 1/mm, at the effective energy of a chest X-ray. */
export const attenuation: Readonly<Record<Tissue, number>> = {
  air: 0,
  lung: 0.0042,
  fat: 0.0182,
  muscle: 0.0212,
  skin: 0.0212,
  gland: 0.0207,
  bone: 0.066,
  cartilage: 0.0245,
  disc: 0.023,
  blood: 0.0216,
  leftBlood: 0.0216,
  rightBlood: 0.0216,
  portalBlood: 0.0216,
  myocardium: 0.0214,
  liver: 0.0217,
  tumor: 0.0214,
  spleen: 0.0217,
  kidney: 0.0213,
  medulla: 0.0213,
  organ: 0.0209,
  fluid: 0.0206,
};

/** Where the film stands. */
export interface Film {
  readonly size: number;
  readonly pitch: number;
  /** Position of the middle of the film, in mm. */
  readonly x: number;
  readonly z: number;
}

export interface Projection {
  /** Line integral of attenuation. */
  readonly depth: Field;
  /** Length of the ray in the lungs, in mm. */
  readonly lung: Field;
  /** Length of the ray in what stands before or behind the lungs and hides them: heart, vessels, diaphragm; in mm. */
  readonly core: Field;
}

/** A large part of the body, and what it means to the rays. */
export interface RayPart {
  readonly solid: Solid;
  /** The diaphragm hides the lungs like the core does, and ends the room of the belly's organs besides. */
  readonly role: "body" | "lung" | "diaphragm" | "core";
}

/** Casts a ray through every pixel. `lungDensity` scales what the lungs attenuate. */
export function castRays(parts: readonly RayPart[], film: Film, lungDensity: number): Projection {
  const { size, pitch } = film;
  const depth = new Float32Array(size * size);
  const lung = new Float32Array(size * size);
  const core = new Float32Array(size * size);
  const rays = new Rays(size, parts.length);
  const traits = parts.map(({ solid, role }) => ({
    isLung: role === "lung",
    hides: role === "core" || role === "diaphragm",
    opens: role === "diaphragm",
    isInside: solid.traits.cavity === "inside",
    density: attenuation[solid.tissue] * (role === "lung" ? lungDensity : 1),
  }));
  const covered = new Float64Array(2 * parts.length + 2);
  for (let row = 0; row < size; row++) {
    const z = film.z + (size / 2 - row - 0.5) * pitch;
    rays.counts.fill(0);
    for (let i = 0; i < parts.length; i++) {
      const { solid } = parts[i]!;
      if (z > solid.bottom && z < solid.top) rays.cross(solid.sectionAt(z), film, i);
    }
    for (let column = 0; column < size; column++) {
      const pixel = row * size + column;
      const first = column * parts.length;
      const count = rays.counts[column]!;
      let bellyStart = Number.POSITIVE_INFINITY;
      let bellyEnd = Number.NEGATIVE_INFINITY;
      for (let k = first; k < first + count; k++) {
        if (!traits[rays.parts[k]!]!.opens) continue;
        bellyStart = Math.min(bellyStart, rays.starts[k]!);
        bellyEnd = Math.max(bellyEnd, rays.ends[k]!);
      }
      let numCovered = 0;
      let sum = 0;
      // From the last painted part back: each adds the length that nothing later has taken.
      for (let k = first + count - 1; k >= first; k--) {
        const { isLung, hides, isInside, density } = traits[rays.parts[k]!]!;
        let start = rays.starts[k]!;
        let end = rays.ends[k]!;
        if (isInside) {
          start = Math.max(start, bellyStart);
          end = Math.min(end, bellyEnd);
          if (end <= start) continue;
        }
        if (hides) core[pixel] = Math.max(core[pixel]!, end - start);
        let free = end - start;
        for (let c = 0; c < numCovered; c++) {
          free -= Math.max(0, Math.min(end, covered[2 * c + 1]!) - Math.max(start, covered[2 * c]!));
        }
        if (free <= 0) continue;
        if (isLung) lung[pixel]! += free;
        sum += free * density;
        numCovered = cover(covered, numCovered, start, end);
      }
      depth[pixel] = sum;
    }
  }
  return { depth, lung, core };
}

/** The parts that the rays of one row cross, in painter's order: where each is entered and left. */
class Rays {
  readonly capacity: number;
  /** Number of crossings of each column's ray; those of column c stand from c * capacity on. */
  readonly counts: Int32Array;
  readonly parts: Int32Array;
  readonly starts: Float32Array;
  readonly ends: Float32Array;

  constructor(size: number, capacity: number) {
    this.capacity = capacity;
    this.counts = new Int32Array(size);
    this.parts = new Int32Array(size * capacity);
    this.starts = new Float32Array(size * capacity);
    this.ends = new Float32Array(size * capacity);
  }

  /** Adds the crossings of one outline. */
  cross(section: Section, film: Film, part: number): void {
    const { size, pitch } = film;
    const left = film.x - (size / 2 - 0.5) * pitch;
    const first = Math.max(0, Math.floor((section.x - section.right - left) / pitch));
    const last = Math.min(size - 1, Math.ceil((section.x + section.left - left) / pitch));
    const reaches = reachTable(section.power);
    for (let column = first; column <= last; column++) {
      const dx = left + column * pitch - section.x;
      const reach = reachAt(reaches, Math.abs(dx) / (dx < 0 ? section.right : section.left));
      if (reach === 0) continue;
      const middle = section.y + section.slope * dx;
      const at = column * this.capacity + this.counts[column]!++;
      this.parts[at] = part;
      this.starts[at] = middle - section.front * reach;
      this.ends[at] = middle + section.back * reach;
    }
  }
}

const TABLE_STEPS = 512;
const reachTables = new Map<number, Float64Array>();

/**
 * Half-chords (1 - u^power)^(1/power) of the unit outline, by sqrt(1 - u): near the outline's end, where chords grow
 * like a root, that is nearly linear. Powers are few, pixels are many.
 */
export function reachTable(power: number): Float64Array {
  const found = reachTables.get(power);
  if (found !== undefined) return found;
  const table = Float64Array.from({ length: TABLE_STEPS + 2 }, (_, i) => {
    const u = Math.max(0, 1 - (i / TABLE_STEPS) ** 2);
    return (1 - u ** power) ** (1 / power);
  });
  reachTables.set(power, table);
  return table;
}

/** The half-chord at the share `u` of an outline's half-width; 0 beside it. */
export function reachAt(table: Float64Array, u: number): number {
  if (!(u < 1)) return 0;
  const position = Math.sqrt(1 - u) * TABLE_STEPS;
  const step = Math.floor(position);
  return table[step]! + (position - step) * (table[step + 1]! - table[step]!);
}

/** Adds an interval to a list of disjoint ones, in place; returns their new number. */
function cover(covered: Float64Array, count: number, start: number, end: number): number {
  let kept = 0;
  for (let c = 0; c < count; c++) {
    const from = covered[2 * c]!;
    const to = covered[2 * c + 1]!;
    if (to < start || from > end) {
      covered[2 * kept] = from;
      covered[2 * kept + 1] = to;
      kept++;
    } else {
      start = Math.min(start, from);
      end = Math.max(end, to);
    }
  }
  covered[2 * kept] = start;
  covered[2 * kept + 1] = end;
  return kept + 1;
}
