/**
 * Bones, vessels, wires: what is thin adds to a ray what it attenuates beyond the tissue that it lies in.
 *
 * Units   attenuation in 1/mm, line integrals without unit.
 */

import type { Field } from "./noise.ts";
import { attenuation, type Film, reachAt, reachTable } from "./projection.ts";
import type { Part, Solid, Tube } from "./solids.ts";

/** Attenuation of spongy bone, 1/mm. */
const SPONGE = 0.0275;

/** Adds bones to the line integrals: shell and core, less the soft tissue that they displace. */
export function addBones(depth: Field, bones: readonly Part[], film: Film, mineral: number): void {
  for (const bone of bones) {
    const soft = attenuation.muscle;
    const { cortex = 0, density = 1 } = bone.traits;
    const full =
      bone.tissue === "bone" ? density * mineral * (attenuation.bone - soft) : attenuation[bone.tissue] - soft;
    const inner = bone.tissue === "bone" ? density * mineral * (SPONGE - soft) : full;
    if (bone.kind === "solid") addSolid(depth, bone, film, full, inner, cortex);
    else addTube(depth, bone, film, full, inner, cortex);
  }
}

/** Adds rods of any kind, such as vessels in the lungs or wires on the skin; `excess` in 1/mm. */
export function addRods(depth: Field, rods: readonly Tube[], film: Film, excess: number): void {
  for (const rod of rods) addTube(depth, rod, film, excess, excess, 0);
}

function addSolid(depth: Field, solid: Solid, film: Film, full: number, inner: number, cortex: number): void {
  const { size, pitch } = film;
  const left = film.x - (size / 2 - 0.5) * pitch;
  const first = Math.max(0, Math.ceil(size / 2 - 0.5 - (solid.top - film.z) / pitch));
  const last = Math.min(size - 1, Math.floor(size / 2 - 0.5 - (solid.bottom - film.z) / pitch));
  for (let row = first; row <= last; row++) {
    const z = film.z + (size / 2 - row - 0.5) * pitch;
    const section = solid.sectionAt(z);
    const reaches = reachTable(section.power);
    const from = Math.max(0, Math.floor((section.x - section.right - left) / pitch));
    const to = Math.min(size - 1, Math.ceil((section.x + section.left - left) / pitch));
    // The plates that close a bone above and below are all shell.
    const isPlate = z > solid.top - cortex || z < solid.bottom + cortex;
    for (let column = from; column <= to; column++) {
      const dx = left + column * pitch - section.x;
      const width = dx < 0 ? section.right : section.left;
      const chord = (section.front + section.back) * reachAt(reaches, Math.abs(dx) / width);
      const shell = isPlate || width - Math.abs(dx) < cortex ? chord : Math.min(chord, 2 * cortex);
      depth[row * size + column]! += shell * full + (chord - shell) * inner;
    }
  }
}

/** A swept disc: its sum along the way has the profile of a round rod, whichever way the rod runs. */
function addTube(
  depth: Field,
  { points, traits }: Tube,
  film: Film,
  full: number,
  inner: number,
  cortex: number,
): void {
  const { size, pitch } = film;
  const { flatness = 1 } = traits;
  const [x, z, radius] = [0, 2, 3].map((k) => (i: number) => points[4 * i + k]!) as [At, At, At];
  for (let i = 0; i + 1 < points.length / 4; i++) {
    const dx = x(i + 1) - x(i);
    const dz = z(i + 1) - z(i);
    const length = Math.hypot(dx, points[4 * i + 5]! - points[4 * i + 1]!, dz);
    const steps = Math.max(1, Math.ceil(Math.hypot(dx, dz) / (0.7 * pitch)));
    for (let step = 0; step < steps; step++) {
      const t = (step + 0.5) / steps;
      const column = size / 2 - 0.5 + (x(i) + t * dx - film.x) / pitch;
      const row = size / 2 - 0.5 - (z(i) + t * dz - film.z) / pitch;
      const r = (radius(i) + t * (radius(i + 1) - radius(i))) / pitch;
      const share = length / steps;
      addDisc(depth, size, column, row, r, flatness, full * share);
      if (inner !== full) {
        addDisc(depth, size, column, row, Math.max(0, r - cortex / pitch), flatness, (inner - full) * share);
      }
    }
  }
}

type At = (i: number) => number;

/**
 * Adds `amount` over an ellipse of half-height `radius` and half-width `radius * flatness`, with a soft edge.
 * One thinner than a pixel is spread over the pixel and weakened.
 */
function addDisc(
  depth: Field,
  size: number,
  x: number,
  y: number,
  radius: number,
  flatness: number,
  amount: number,
): void {
  const wide = Math.max(radius, 0.6);
  const weight = amount * (radius / wide) ** 2;
  const reach = wide + 0.5;
  const top = Math.max(0, Math.ceil(y - reach));
  const bottom = Math.min(size - 1, Math.floor(y + reach));
  const left = Math.max(0, Math.ceil(x - reach));
  const right = Math.min(size - 1, Math.floor(x + reach));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const across = (column - x) / flatness;
      const edge = reach - Math.sqrt((row - y) * (row - y) + across * across);
      if (edge > 0) depth[row * size + column]! += weight * Math.min(edge, 1);
    }
  }
}
