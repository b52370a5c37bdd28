/**
 * An axial CT slice: the body's parts painted in their order into Hounsfield units, and the label that each pixel bears.
 *
 * Shapes  fields of size x size; row 0 is the front of the lying patient, column 0 the patient's right.
 * Units   Hounsfield units (HU), mm, `pitch` in mm per pixel.
 * Edges   a pixel on an outline mixes what lies on both sides of it by its distance from the outline; a label takes the
 *         pixel when more than half of it is covered.
 */

import type { Random } from "../random.ts";
import { type Field, fractalNoise } from "./noise.ts";
import { type Part, radiusInSection, type Section, type Tissue, type Tube } from "./solids.ts";

/** What each tissue measures in one scan, HU. */
export type Densities = Readonly<Record<Tissue, number>>;

export interface SliceGrid {
  readonly size: number;
  readonly pitch: number;
  /** Position of the middle of the picture, in mm. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** HU of the spongy inside of bones. */
const SPONGE = 230;

export class SlicePainter {
  readonly grid: SliceGrid;
  readonly densities: Densities;
  readonly names: readonly string[];
  /** HU. */
  readonly density: Field;
  /** Index into `names`, plus 1; 0 where no named part shows. */
  readonly labels: Uint8Array;
  /** 1 inside the belly's cavity. */
  readonly #cavity: Field;
  readonly #coverage: Field;
  readonly #x: Field;
  readonly #y: Field;
  readonly #rough: Field;
  readonly #mottle: Field;

  /** @param names Parts of these names leave their index in the labels; painting over them erases it. */
  constructor(grid: SliceGrid, densities: Densities, names: readonly string[], random: Random) {
    const { size, pitch } = grid;
    this.grid = grid;
    this.densities = densities;
    this.names = names;
    this.density = new Float32Array(size * size).fill(densities.air);
    this.labels = new Uint8Array(size * size);
    this.#cavity = new Float32Array(size * size);
    this.#coverage = new Float32Array(size * size);
    this.#x = new Float32Array(size * size);
    this.#y = new Float32Array(size * size);
    const [left, front] = [grid.x - (size / 2 - 0.5) * pitch, grid.y - (size / 2 - 0.5) * pitch];
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const pixel = row * size + column;
        this.#x[pixel] = left + column * pitch;
        this.#y[pixel] = front + row * pitch;
      }
    }
    this.#rough = fractalNoise(random, size, 16 / pitch, 3);
    this.#mottle = fractalNoise(random, size, 9 / pitch, 3, 0.7);
  }

  /** Lets all positions waver smoothly by a few mm, so that no outline painted from now on stays an ellipse. */
  waver(random: Random, reach: number): void {
    const { size, pitch } = this.grid;
    const across = fractalNoise(random, size, 42 / pitch, 2);
    const along = fractalNoise(random, size, 42 / pitch, 2);
    for (let i = 0; i < across.length; i++) {
      this.#x[i]! += reach * across[i]!;
      this.#y[i]! += reach * along[i]!;
    }
  }

  paint(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.kind === "tube") this.#paintTube(part);
      else if (this.grid.z > part.bottom && this.grid.z < part.top)
        this.#paintSection(part, part.sectionAt(this.grid.z));
    }
  }

  #paintSection(part: Part, section: Section): void {
    const { size, pitch } = this.grid;
    const { roughness = 0, softness = 0 } = part.traits;
    const margin = roughness * 2 + softness + 8;
    const [first, last] = this.#columns(section.x - section.right - margin, section.x + section.left + margin);
    const lean = Math.abs(section.slope) * Math.max(section.right, section.left);
    const [top, bottom] = this.#rows(
      section.y - section.front - lean - margin,
      section.y + section.back + lean + margin,
    );
    const fade = Math.max(1, softness / pitch);
    for (let row = top; row <= bottom; row++) {
      for (let pixel = row * size + first; pixel <= row * size + last; pixel++) {
        const x = this.#x[pixel]!;
        const y = this.#y[pixel]!;
        const radius = radiusInSection(section, x, y);
        if (!(radius < 2.5)) continue;
        // Distance to the outline along the line to the middle, in pixels, positive inside.
        const reach = Math.hypot(x - section.x, y - section.y);
        const own = Math.min(section.right + section.left, section.front + section.back) / 2;
        const inside = radius < 0.01 ? own : Math.min(own, (reach * (1 - radius)) / radius);
        this.#coverage[pixel] = (inside + roughness * this.#rough[pixel]!) / pitch / fade + 0.5;
      }
    }
    this.#blend(part, first, last, top, bottom);
  }

  #paintTube(tube: Tube): void {
    const { size, pitch, z } = this.grid;
    const { points, traits } = tube;
    const { flatness = 1 } = traits;
    let [first, last, top, bottom] = [size, -1, size, -1];
    for (let i = 0; i + 7 < points.length; i += 4) {
      const steps = Math.max(
        1,
        Math.ceil(Math.hypot(points[i + 4]! - points[i]!, points[i + 5]! - points[i + 1]!) / pitch),
      );
      const reachZ = Math.max(points[i + 3]!, points[i + 7]!);
      if (
        z < Math.min(points[i + 2]!, points[i + 6]!) - reachZ ||
        z > Math.max(points[i + 2]!, points[i + 6]!) + reachZ
      )
        continue;
      for (let step = 0; step <= steps; step++) {
        const t = step / steps;
        const at = (k: number) => points[i + k]! + t * (points[i + k + 4]! - points[i + k]!);
        const height = at(2) - z;
        const full = at(3);
        if (Math.abs(height) >= full) continue;
        const radius = Math.sqrt(full * full - height * height) * flatness;
        const [x, y] = [at(0), at(1)];
        const margin = radius + 9;
        const [left, right] = this.#columns(x - margin, x + margin);
        const [front, back] = this.#rows(y - margin, y + margin);
        for (let row = front; row <= back; row++) {
          for (let pixel = row * size + left; pixel <= row * size + right; pixel++) {
            const distance = Math.hypot(this.#x[pixel]! - x, this.#y[pixel]! - y);
            // Thin vessels fill their pixel only in part.
            const covered = (radius - distance) / pitch + 0.5;
            if (covered > this.#coverage[pixel]!) this.#coverage[pixel] = covered;
          }
        }
        first = Math.min(first, left);
        last = Math.max(last, right);
        top = Math.min(top, front);
        bottom = Math.max(bottom, back);
      }
    }
    if (last >= 0) this.#blend(tube, first, last, top, bottom);
  }

  /** Mixes the tissue in where the coverage says so, and clears the coverage. */
  #blend({ tissue, traits }: Part, first: number, last: number, top: number, bottom: number): void {
    const { size, pitch } = this.grid;
    const { cortex = 0, mottle = 0, cavity, name, onlyIn, isInner = false } = traits;
    const label = name === undefined ? 0 : this.names.indexOf(name) + 1;
    const host = onlyIn === undefined ? 0 : this.names.indexOf(onlyIn) + 1;
    const base = this.densities[tissue];
    const grain = mottle * (mottleOf[tissue] ?? 12);
    for (let row = top; row <= bottom; row++) {
      for (let pixel = row * size + first; pixel <= row * size + last; pixel++) {
        const depth = this.#coverage[pixel]!;
        this.#coverage[pixel] = 0;
        if (depth <= 0) continue;
        if (onlyIn !== undefined && this.labels[pixel] !== host && this.labels[pixel] !== label) continue;
        let alpha = Math.min(1, depth);
        if (cavity === "inside") alpha *= this.#cavity[pixel]!;
        else if (cavity === "opens") this.#cavity[pixel] = Math.max(this.#cavity[pixel]!, alpha);
        if (alpha === 0) continue;
        let value = base + grain * this.#mottle[pixel]!;
        if (cortex > 0) {
          const sponge = Math.max(0, Math.min(1, depth - 0.5 - cortex / pitch));
          value += sponge * (SPONGE + 90 * this.#mottle[pixel]! - value);
        }
        this.density[pixel]! += alpha * (value - this.density[pixel]!);
        if (alpha > 0.5 && !isInner) this.labels[pixel] = label;
      }
    }
  }

  #columns(from: number, to: number): [number, number] {
    return this.#range(from - this.grid.x, to - this.grid.x);
  }

  #rows(from: number, to: number): [number, number] {
    return this.#range(from - this.grid.y, to - this.grid.y);
  }

  #range(from: number, to: number): [number, number] {
    const { size, pitch } = this.grid;
    const middle = size / 2 - 0.5;
    return [Math.max(0, Math.floor(middle + from / pitch)), Math.min(size - 1, Math.ceil(middle + to / pitch))];
  }
}

/** How far tissues vary inside themselves at a mottle of 1, HU. */
const mottleOf: Partial<Record<Tissue, number>> = {
  lung: 22,
  fluid: 16,
  bone: 120,
  gland: 35,
  fat: 14,
  tumor: 30,
  rightBlood: 40,
  leftBlood: 20,
};
