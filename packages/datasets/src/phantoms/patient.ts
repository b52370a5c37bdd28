/**
 * A patient: the numbers in which one body differs from another. All are drawn from the patient's seed, once.
 *
 * Units  mm, or factors around 1 unless the field says otherwise.
 */

import type { Random } from "../random.ts";
import { around, between, chance } from "./draw.ts";

export interface Patient {
  /** Factors on x, y and z of the whole body. */
  readonly scale: readonly [number, number, number];
  /** Thickness of the fat under the skin at the chest, and of the muscles around the cage. */
  readonly fat: number;
  readonly muscle: number;
  /** Size of the breasts: 0 is none, 1 is large. */
  readonly breast: number;
  /** Height of the right diaphragm's top over the average, and how far the left one lies below it. */
  readonly domeTop: number;
  readonly domeDrop: number;
  /** Height of the domes' curvature: small is a flat diaphragm. */
  readonly domeHeight: number;
  /** Factor on the width of the rib cage at the apices: small is a bell, large a barrel. */
  readonly apexWidth: number;
  readonly apexTop: number;
  readonly heart: number;
  /** How upright the heart's axis stands: -1 lies on the diaphragm, 1 hangs like a drop. */
  readonly heartRise: number;
  /** Shift of the heart to the patient's left. */
  readonly heartShift: number;
  /** How far the aorta has unfolded with age, 0-1. */
  readonly aorta: number;
  /** Sideways bend of the spine at its worst, signed. */
  readonly scoliosis: number;
  /** How steeply the ribs fall from back to front, as a factor. */
  readonly ribFall: number;
  /** How far the shoulders are rolled forward: moves the shoulder blades out of the lungs, 0-1. */
  readonly shoulderRoll: number;
  /** How far the elbows stand off the trunk. */
  readonly armSpread: number;
  /** Lift of the shoulders. */
  readonly shoulderRise: number;
  /** Mineral content of the bones, a factor. */
  readonly boneDensity: number;
  /** What the lungs attenuate, as a factor: small is full of air. */
  readonly lungDensity: number;
  /** Cross-section of the lungs' vessels, a factor. */
  readonly vessels: number;
  readonly liver: number;
}

export function drawPatient(random: Random): Patient {
  const isFemale = chance(random, 0.48);
  const build = around(random, isFemale ? 0.95 : 1.02, 0.055);
  const fat = Math.max(3, around(random, isFemale ? 16 : 13, 7));
  const age = random.next();
  return {
    scale: [build * around(random, 1, 0.035), build * around(random, 1, 0.06), build * around(random, 1, 0.06)],
    fat,
    muscle: around(random, isFemale ? 10 : 13, 2),
    breast: isFemale ? between(random, 0.15, 1) : chance(random, 0.15) ? between(random, 0.05, 0.25) : 0,
    domeTop: around(random, 4, 13),
    domeDrop: around(random, 13, 6),
    domeHeight: Math.max(24, around(random, 56, 12)),
    apexWidth: around(random, 1, 0.1),
    apexTop: around(random, 0, 7),
    heart: around(random, 1, 0.09) * (chance(random, 0.15) ? between(random, 1.08, 1.25) : 1),
    heartRise: around(random, 0, 0.5),
    heartShift: around(random, 0, 5),
    aorta: age * age,
    scoliosis: around(random, 0, 4) * (chance(random, 0.12) ? 2.5 : 1),
    ribFall: around(random, 1, 0.16),
    shoulderRoll: between(random, 0, 1),
    armSpread: between(random, 30, 190),
    shoulderRise: around(random, 0, 10),
    boneDensity: around(random, 1.1 - 0.2 * age, 0.1),
    lungDensity: around(random, 1, 0.12),
    vessels: around(random, 1, 0.2),
    liver: around(random, 1, 0.09),
  };
}
