/**
 * From line integrals to a picture on a film or a detector: scatter, blur, quanta, and the look-up of the tones.
 *
 * Shapes  fields of size x size; grey values 0 (black, much light) to 1 (white, dense).
 * Source  the S-shaped characteristic curve of Hurter & Driffield (1890); scatter as a wide blur of the primary image.
 */

import type { Random } from "../random.ts";
import { around, between, chance } from "./draw.ts";
import { blur, type Field, whiteNoise } from "./noise.ts";

/** How a picture was taken and processed. */
export interface Exposure {
  /** Scattered light as a share of the primary light, and how far it spreads, in mm. */
  readonly scatter: number;
  readonly scatterMm: number;
  /** Light on the detector: the larger the less noise. */
  readonly quanta: number;
  /** Blur of the detector and of later scaling, in pixels. */
  readonly blur: number;
  /** Position of the curve's middle between lung (0) and belly (1), and its width in line integrals. */
  readonly middle: number;
  readonly latitude: number;
  /** How far large differences are evened out, 0-1, as digital systems do. */
  readonly equalize: number;
  /** Strength of sharpening, and its radius in pixels. */
  readonly sharpen: number;
  /** Lightest and darkest tone. */
  readonly black: number;
  readonly white: number;
  readonly gamma: number;
}

export function drawExposure(random: Random): Exposure {
  const isDigital = chance(random, 0.7);
  const isPoor = chance(random, 0.2);
  return {
    scatter: between(random, 0.02, 0.1) * (isPoor ? 3 : 1),
    scatterMm: between(random, 18, 34),
    quanta: (isPoor ? 0.2 : 1) * between(random, 12000, 60000),
    blur: between(random, 0.45, isPoor ? 1.3 : 0.9),
    middle: around(random, 0.34, 0.12),
    latitude: isDigital ? between(random, 0.85, 1.6) : between(random, 0.55, 0.95),
    equalize: isDigital ? between(random, 0.1, 0.55) : between(random, 0, 0.15),
    sharpen: isDigital ? between(random, 0.2, 1.1) : between(random, 0, 0.3),
    black: between(random, 0, 1) ** 2 * 0.2,
    white: between(random, 0.86, 1),
    gamma: Math.exp(around(random, -0.12, 0.26)),
  };
}

/**
 * Takes the picture.
 *
 * @param depth Line integrals; changed in place.
 * @param anchors Typical line integrals of lung and of belly, between which the curve is placed.
 */
export function develop(
  depth: Field,
  size: number,
  pitch: number,
  exposure: Exposure,
  anchors: readonly [lung: number, belly: number],
  random: Random,
): Field {
  const light = new Float32Array(depth.length);
  for (let i = 0; i < light.length; i++) light[i] = Math.exp(-depth[i]!);
  const scattered = blur(light, size, exposure.scatterMm / pitch);
  const noise = whiteNoise(random, size);
  for (let i = 0; i < light.length; i++) {
    const mean = light[i]! + exposure.scatter * scattered[i]!;
    const seen = Math.max(1e-4, mean + noise[i]! * Math.sqrt(mean / exposure.quanta));
    depth[i] = -Math.log(seen);
  }
  const sharp = blur(depth, size, exposure.blur);
  const wide = blur(sharp, size, 26 / pitch);
  const fine = blur(sharp, size, 1.6);
  const middle = anchors[0] + exposure.middle * (anchors[1] - anchors[0]);
  const tones = new Float32Array(depth.length);
  for (let i = 0; i < tones.length; i++) {
    // Evening out pulls the wide average toward the curve's middle; sharpening lifts what the fine average lacks.
    const level = sharp[i]! + exposure.equalize * (middle - wide[i]!) * Math.min(1, wide[i]!);
    const value = level + exposure.sharpen * (sharp[i]! - fine[i]!);
    const tone = 1 / (1 + Math.exp((middle - value) / (exposure.latitude * 0.5)));
    tones[i] = exposure.black + (exposure.white - exposure.black) * tone ** exposure.gamma;
  }
  return tones;
}
