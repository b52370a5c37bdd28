/**
 * Smooth random fields and blurs: what makes a rendered picture look grown and measured instead of drawn.
 *
 * Shapes  a field is a square image of `size` x `size` numbers, row by row.
 * Units   `cell` and `sigma` are in pixels.
 * Source  cubic B-splines over random lattices; three box filters for a Gaussian (Kovesi, DICTA 2010).
 */

import type { Random } from "../random.ts";

export type Field = Float32Array;

/** Independent normal numbers, one a pixel. */
export function whiteNoise(random: Random, size: number): Field {
  const field = new Float32Array(size * size);
  // Both numbers of a Box-Muller pair are used: this loop is a tenth of the cost of a picture.
  for (let i = 0; i < field.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((random.uint32() + 1) / 2 ** 32));
    const angle = 2 * Math.PI * random.next();
    field[i] = radius * Math.cos(angle);
    if (i + 1 < field.length) field[i + 1] = radius * Math.sin(angle);
  }
  return field;
}

/** Smooth noise whose bumps are about `cell` pixels wide; mean 0, standard deviation about 1. */
export function smoothNoise(random: Random, size: number, cell: number): Field {
  const numKnots = Math.ceil(size / cell) + 4;
  const knots = new Float32Array(numKnots * numKnots);
  // The spline of independent knots has a variance of about 0.23 of theirs: (151 / 315)^2.
  for (let i = 0; i < knots.length; i++) knots[i] = random.normal() / 0.479;
  return stretch(knots, numKnots, size, cell);
}

/** A sum of smooth noises, each half as wide and `gain` times as strong as the one before; deviation about 1. */
export function fractalNoise(random: Random, size: number, cell: number, octaves: number, gain = 0.5): Field {
  const total = new Float32Array(size * size);
  let weight = 1;
  let power = 0;
  for (let octave = 0; octave < octaves && cell / 2 ** octave >= 1; octave++) {
    const layer = smoothNoise(random, size, cell / 2 ** octave);
    for (let i = 0; i < total.length; i++) total[i]! += weight * layer[i]!;
    power += weight * weight;
    weight *= gain;
  }
  const scale = 1 / Math.sqrt(power);
  for (let i = 0; i < total.length; i++) total[i]! *= scale;
  return total;
}

/** Cubic B-spline over a lattice of knots `cell` pixels apart, evaluated at every pixel. */
function stretch(knots: Float32Array, numKnots: number, size: number, cell: number): Field {
  const starts = new Int32Array(size);
  const weights = new Float32Array(size * 4);
  for (let i = 0; i < size; i++) {
    const position = i / cell;
    const start = Math.floor(position);
    const t = position - start;
    starts[i] = start;
    weights[4 * i] = (1 - t) ** 3 / 6;
    weights[4 * i + 1] = (3 * t ** 3 - 6 * t * t + 4) / 6;
    weights[4 * i + 2] = (-3 * t ** 3 + 3 * t * t + 3 * t + 1) / 6;
    weights[4 * i + 3] = t ** 3 / 6;
  }
  const wide = new Float32Array(numKnots * size); // one stretched row for each row of knots
  for (let row = 0; row < numKnots; row++) {
    for (let x = 0; x < size; x++) {
      const from = row * numKnots + starts[x]!;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += weights[4 * x + k]! * knots[from + k]!;
      wide[row * size + x] = sum;
    }
  }
  const field = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    const from = starts[y]! * size;
    const w0 = weights[4 * y]!;
    const w1 = weights[4 * y + 1]!;
    const w2 = weights[4 * y + 2]!;
    const w3 = weights[4 * y + 3]!;
    for (let x = 0; x < size; x++) {
      const at = from + x;
      field[y * size + x] =
        w0 * wide[at]! + w1 * wide[at + size]! + w2 * wide[at + 2 * size]! + w3 * wide[at + 3 * size]!;
    }
  }
  return field;
}

/** Gaussian blur; the edge is continued outward. Returns a new field. */
export function blur(field: Field, size: number, sigma: number): Field {
  if (sigma > 3) return boxBlur(field, size, sigma);
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const kernel = Float32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = kernel.reduce((sum, value) => sum + value, 0);
  for (let k = 0; k < kernel.length; k++) kernel[k]! /= total;
  const across = new Float32Array(field.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        const from = x + k < 0 ? 0 : x + k >= size ? size - 1 : x + k;
        sum += kernel[k + reach]! * field[y * size + from]!;
      }
      across[y * size + x] = sum;
    }
  }
  const result = new Float32Array(field.length);
  for (let y = 0; y < size; y++) {
    for (let k = -reach; k <= reach; k++) {
      const from = (y + k < 0 ? 0 : y + k >= size ? size - 1 : y + k) * size;
      const weight = kernel[k + reach]!;
      for (let x = 0; x < size; x++) result[y * size + x]! += weight * across[from + x]!;
    }
  }
  return result;
}

function boxBlur(field: Field, size: number, sigma: number): Field {
  const reach = Math.max(1, Math.round((Math.sqrt(4 * sigma * sigma + 1) - 1) / 2));
  let result = field;
  for (let pass = 0; pass < 3; pass++) result = boxRows(boxRows(result, size, reach), size, reach);
  return result;
}

/** The mean over 2 `reach` + 1 pixels of each row, written transposed: twice in a row it is a square box. */
function boxRows(field: Field, size: number, reach: number): Field {
  const result = new Float32Array(field.length);
  const scale = 1 / (2 * reach + 1);
  for (let y = 0; y < size; y++) {
    const row = y * size;
    let sum = 0;
    for (let k = -reach; k <= reach; k++) sum += field[row + Math.max(0, Math.min(size - 1, k))]!;
    for (let x = 0; x < size; x++) {
      result[x * size + y] = sum * scale;
      sum += field[row + Math.min(size - 1, x + reach + 1)]! - field[row + Math.max(0, x - reach)]!;
    }
  }
  return result;
}
