/**
 * What may be wrong with the lungs of an X-ray's patient: consolidations, effusions, nodules, scars, a coarse interstitium.
 *
 * Findings add attenuation where there is lung; they never change the mask, which shows the anatomical lung field: an
 * opacity belongs to it, and so does a costophrenic angle that fluid has filled.
 *
 * Units  mm in the plane of the film; lengths of the ray in mm.
 */

import type { Random } from "../random.ts";
import { between, chance, smoothstep } from "./draw.ts";
import { type Field, fractalNoise, smoothNoise } from "./noise.ts";
import { attenuation, type Film } from "./projection.ts";
import type { Section, Solid } from "./solids.ts";

const EXCESS = attenuation.fluid - attenuation.lung;

/** Draws the findings of one patient and adds them to the line integrals. More than half of the patients have some. */
export function addFindings(depth: Field, lung: Field, film: Film, lungs: readonly Solid[], random: Random): void {
  addInterstitium(
    depth,
    lung,
    film,
    chance(random, 0.25) ? between(random, 1.5, 3.6) : between(random, 0.3, 1.2),
    random,
  );
  const isIll = chance(random, 0.6);
  if (!isIll) return;
  const numOpacities = chance(random, 0.7) ? 1 + random.integer(5) : 0;
  for (let i = 0; i < numOpacities; i++) addConsolidation(depth, lung, film, pick(lungs, random), random);
  if (chance(random, 0.4)) addEffusion(depth, lung, film, pick(lungs, random), random);
  const numNodules = chance(random, 0.25) ? 1 + random.integer(6) : 0;
  for (let i = 0; i < numNodules; i++) addNodule(depth, lung, film, pick(lungs, random), random);
}

function pick(lungs: readonly Solid[], random: Random): Solid {
  return lungs[random.integer(lungs.length)]!;
}

/** A point in the frontal view of a lung; `low` and `high` are shares of its height. */
function pointIn(lung: Solid, low: number, high: number, random: Random): { x: number; z: number; section: Section } {
  const z = lung.bottom + (lung.top - lung.bottom) * between(random, low, high);
  const section = lung.sectionAt(z);
  return { x: section.x + between(random, -0.8 * section.right, 0.8 * section.left), z, section };
}

/** A patch of lung whose air is replaced, denser inside and broken up by what air is left. */
function addConsolidation(depth: Field, lung: Field, film: Film, side: Solid, random: Random): void {
  const { x, z } = pointIn(side, 0.25, 0.92, random);
  const width = between(random, 14, 62);
  const height = width * between(random, 0.6, 1.4);
  const density = between(random, 0.3, 1.1);
  const texture = fractalNoise(random, film.size, 26 / film.pitch, 4, 0.6);
  forEachPixel(film, (pixel, px, pz) => {
    const r = Math.hypot((px - x) / width, (pz - z) / height) + 0.22 * texture[pixel]!;
    if (r >= 1.3) return;
    const share = density * (1 - smoothstep(0.2, 1.3, r)) * Math.max(0, 0.75 + 0.3 * texture[pixel]!);
    depth[pixel]! += EXCESS * Math.min(lung[pixel]!, 1.6 * width) * share;
  });
}

/** Fluid at the bottom of the chest: its surface climbs toward the wall. */
function addEffusion(depth: Field, lung: Field, film: Film, side: Solid, random: Random): void {
  const amount = 6 + 85 * random.next() ** 2;
  const climb = between(random, 18, 46);
  const base = side.bottom + 36 + amount;
  let section = side.sectionAt(side.bottom);
  let sectionZ = side.bottom;
  forEachPixel(film, (pixel, px, pz) => {
    const length = lung[pixel]!;
    if (length === 0 || pz < side.bottom || pz > side.top) return;
    if (pz !== sectionZ) {
      section = side.sectionAt(pz);
      sectionZ = pz;
    }
    const isLeft = section.x > 0;
    if (px > 0 !== isLeft) return;
    const way = Math.max(0, (px - section.x) / (isLeft ? section.left : -section.right));
    const filled = 1 - smoothstep(-14, 16, pz - base - climb * way ** 3);
    depth[pixel]! += EXCESS * Math.min(length, 110) * 0.85 * filled;
  });
}

function addNodule(depth: Field, lung: Field, film: Film, side: Solid, random: Random): void {
  const { x, z } = pointIn(side, 0.2, 0.95, random);
  const radius = between(random, 3.5, 13);
  forEachPixel(film, (pixel, px, pz) => {
    const left = radius * radius - (px - x) ** 2 - (pz - z) ** 2;
    if (left > 0 && lung[pixel]! > 0) depth[pixel]! += EXCESS * 1.2 * Math.min(lung[pixel]!, 2 * Math.sqrt(left));
  });
}

/** The web of vessels and walls too fine to be built one by one. */
function addInterstitium(depth: Field, lung: Field, film: Film, strength: number, random: Random): void {
  const web = fractalNoise(random, film.size, 10 / film.pitch, 3, 0.75);
  const cloud = smoothNoise(random, film.size, 60 / film.pitch);
  for (let i = 0; i < depth.length; i++) {
    // Ridges of noise look like strands.
    const strand = 1 - Math.min(1.5, Math.abs(web[i]!)) * 1.25;
    depth[i]! += EXCESS * lung[i]! * strength * (0.016 * strand + 0.011 * cloud[i]!);
  }
}

function forEachPixel(film: Film, visit: (pixel: number, x: number, z: number) => void): void {
  const { size, pitch } = film;
  const left = film.x - (size / 2 - 0.5) * pitch;
  const top = film.z + (size / 2 - 0.5) * pitch;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) visit(row * size + column, left + column * pitch, top - row * pitch);
  }
}
