/**
 * A photograph of an eye's fundus and its mask: label 1 is the vessels.
 *
 * Light is reflected by the sclera and the choroid and absorbed on its way by pigment and blood, more of it the bluer
 * it is: that is why vessels are dark in green and nearly vanish in red.
 *
 * Shapes  the image is RGB, interleaved, size x size x 3; the mask size x size.
 */

import { Random } from "../random.ts";
import { around, between, chance, smoothstep } from "./draw.ts";
import { blur, type Field, fractalNoise, smoothNoise, whiteNoise } from "./noise.ts";
import { growRetina, type RetinaPlan, type RetinaVessel } from "./retina-vessels.ts";

export interface FundusPicture {
  readonly image: Uint8Array;
  readonly mask: Uint8Array;
}

type Color = readonly [number, number, number];

/** What blood absorbs, and the yellow of exudates. */
const BLOOD: Color = [0.2, 1, 0.75];
const EXUDATE: Color = [0.95, 0.86, 0.45];

/** Both eyes are much alike, but grow their own vessels. */
export function renderFundus(seed: number, view: number, size: number): FundusPicture {
  const person = new Random(seed, 300);
  const eye = new Random(seed, 301 + view);
  const plan = drawPlan(person, eye);
  const isLeft = view === 1;
  const lens = new Lens(size, between(eye, 0.455, 0.495), isLeft);
  const vessels = growRetina(plan, eye);
  const blood = paintVessels(vessels, lens);
  const reflectance = paintGround(plan, lens, person, eye);
  addLesions(reflectance, plan, lens, eye);
  const strength = between(eye, 0.5, 1.05);
  const image = develop(reflectance, blood, strength, lens, eye);
  const mask = new Uint8Array(size * size);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    mask[pixel] = blood.cover[pixel]! > 0 && lens.distance(pixel) < 1 ? 1 : 0;
  }
  return { image, mask };
}

/** Maps pixels to the retina: the field of view is a disc of radius 1, x points to the temple. */
class Lens {
  readonly size: number;
  /** Radius of the field of view, in pixels. */
  readonly radius: number;
  readonly #side: 1 | -1;

  constructor(size: number, share: number, isLeft: boolean) {
    this.size = size;
    this.radius = share * size;
    // The temple of a right eye is at the picture's left.
    this.#side = isLeft ? 1 : -1;
  }

  x(pixel: number): number {
    return (this.#side * ((pixel % this.size) - this.size / 2 + 0.5)) / this.radius;
  }

  y(pixel: number): number {
    return (Math.floor(pixel / this.size) - this.size / 2 + 0.5) / this.radius;
  }

  column(x: number): number {
    return this.#side * x * this.radius + this.size / 2 - 0.5;
  }

  row(y: number): number {
    return y * this.radius + this.size / 2 - 0.5;
  }

  distance(pixel: number): number {
    return Math.hypot(this.x(pixel), this.y(pixel));
  }
}

function drawPlan(person: Random, eye: Random): RetinaPlan {
  // Cameras see 30 to 50 degrees: the wider, the smaller is the disc in the picture.
  const discRadius = between(person, 0.12, 0.19);
  const reach = discRadius * between(person, 4.6, 5.3);
  // From a picture centered on the macula to one centered on the disc.
  const centering = between(person, 0.2, 1);
  const disc = [-reach * (1 - centering) + around(eye, 0, 0.04), around(eye, 0, 0.06)] as const;
  return {
    disc,
    discRadius,
    fovea: [disc[0] + reach, disc[1] + reach * around(eye, 0.1, 0.05)],
    tortuosity: 0.65 * person.next() ** 1.6,
    caliber: discRadius * between(person, 0.1, 0.14),
  };
}

interface Blood {
  /** Optical depth of the vessels' blood, about 1 for a wide vein. */
  readonly depth: Field;
  /** The bright line on wide vessels, 0-1. */
  readonly reflex: Field;
  /** Above 0 where the mask shows a vessel. */
  readonly cover: Field;
}

function paintVessels(vessels: readonly RetinaVessel[], lens: Lens): Blood {
  const { size, radius: scale } = lens;
  const layers = [new Float32Array(size * size), new Float32Array(size * size)] as const;
  const reflex = new Float32Array(size * size);
  const cover = new Float32Array(size * size);
  for (const { isArtery, points } of vessels) {
    const depth = layers[isArtery ? 1 : 0];
    for (let i = 0; i < points.length; i += 3) {
      const [x, y] = [lens.column(points[i]!), lens.row(points[i + 1]!)];
      const radius = points[i + 2]! * scale;
      // A line in a mask is at least a pixel wide, as drawn by hand.
      const drawn = Math.max(radius + 0.1, 0.6);
      const reach = drawn + 1.2;
      const amount = (isArtery ? 0.68 : 1) * Math.min(1, 0.42 + 0.28 * radius) * Math.min(1, radius / 0.6);
      for (let row = Math.max(0, Math.ceil(y - reach)); row <= Math.min(size - 1, y + reach); row++) {
        for (let column = Math.max(0, Math.ceil(x - reach)); column <= Math.min(size - 1, x + reach); column++) {
          const pixel = row * size + column;
          const distance = Math.sqrt((row - y) * (row - y) + (column - x) * (column - x));
          const inside = Math.max(0, Math.min(1, Math.max(radius, 0.55) - distance + 0.5));
          const edge = Math.min(1, distance / (radius + 0.5));
          const value = amount * inside * (0.72 + 0.28 * Math.sqrt(1 - edge * edge));
          if (value > depth[pixel]!) depth[pixel] = value;
          if (drawn - distance > cover[pixel]!) cover[pixel] = drawn - distance;
          const shine =
            (isArtery ? 1 : 0.45) * smoothstep(1.1, 2.2, radius) * Math.max(0, 1 - distance / (0.34 * radius));
          if (shine > reflex[pixel]!) reflex[pixel] = shine;
        }
      }
    }
  }
  const [veins, arteries] = layers;
  for (let i = 0; i < veins.length; i++)
    veins[i] = Math.max(veins[i]!, arteries[i]!) + 0.35 * Math.min(veins[i]!, arteries[i]!);
  return { depth: veins, reflex, cover };
}

/** The fundus without its vessels: three fields of reflectance. */
function paintGround(plan: RetinaPlan, lens: Lens, person: Random, eye: Random): [Field, Field, Field] {
  const { size } = lens;
  const pixels = size * size;
  const tone: Color = [between(person, 0.62, 0.92), between(person, 0.24, 0.42), between(person, 0.05, 0.2)];
  const pigment = between(person, 0.04, 0.22);
  const tigroid = chance(person, 0.4) ? between(person, 0.04, 0.13) : 0.015;
  const macula = between(person, 0.25, 0.6);
  const sheen = chance(person, 0.4) ? between(person, 0.03, 0.1) : 0;
  const cup = between(person, 0.3, 0.62);
  const crescent = chance(person, 0.35) ? between(person, 0.1, 0.3) : 0;
  const clouds = fractalNoise(eye, size, lens.radius * 0.5, 4, 0.55);
  const streaks = fractalNoise(eye, size, lens.radius * 0.12, 3, 0.6);
  const grain = smoothNoise(eye, size, Math.max(1.2, lens.radius * 0.022));
  const [discX, discY] = plan.disc;
  const tall = around(eye, 1.07, 0.05);
  const cupX = discX + plan.discRadius * around(eye, 0.08, 0.08);
  const ground: [Field, Field, Field] = [new Float32Array(pixels), new Float32Array(pixels), new Float32Array(pixels)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const x = lens.x(pixel);
    const y = lens.y(pixel);
    if (x * x + y * y > 1.05) continue;
    const fromFovea = Math.hypot(x - plan.fovea[0], y - plan.fovea[1]) / (plan.discRadius * 5);
    const dark = macula * Math.exp(-((fromFovea / 0.24) ** 2)) + 0.35 * macula * Math.exp(-((fromFovea / 0.6) ** 2));
    const stripe = tigroid * Math.max(-1.5, Math.min(1.5, Math.abs(streaks[pixel]!) * 1.8 - 1));
    const absorbed = pigment * clouds[pixel]! + stripe + 0.03 * grain[pixel]! + dark;
    const fromDisc = Math.hypot(x - discX, (y - discY) / tall) / plan.discRadius;
    // Nerve fibers shine where they are thick: along the arcades near the disc.
    const fibers =
      sheen *
      Math.exp(-(((fromDisc - 2) / 1.3) ** 2)) *
      Math.max(0, Math.abs(y - discY) / (plan.discRadius * 2)) *
      (1 + 0.4 * streaks[pixel]!);
    const ring = crescent * Math.exp(-(((fromDisc - 1.12) / 0.12) ** 2)) * (x > discX ? 1 : 0.25);
    const disc = 1 - smoothstep(0.93, 1.06, fromDisc + 0.02 * clouds[pixel]!);
    const fromCup = Math.hypot(x - cupX, y - discY) / (plan.discRadius * cup);
    const pale = 1 - smoothstep(0.5, 1.25, fromCup);
    const halo = 0.12 * Math.exp(-Math.max(0, fromDisc - 1) * 1.6);
    for (let c = 0; c < 3; c++) {
      const loss = absorbed * (c === 0 ? 0.45 : c === 1 ? 1 : 0.9);
      let value = tone[c]! * Math.exp(-loss) * (1 + halo) + fibers * (c === 0 ? 0.5 : 1) + ring * 0.35;
      const discTone = [0.98, 0.56 + 0.3 * pale, 0.18 + 0.16 * pale][c]! * (1 + 0.05 * clouds[pixel]!);
      value += disc * (discTone - value);
      ground[c as 0 | 1 | 2][pixel] = value;
    }
  }
  return ground;
}

/** Bleedings, exudates and pale spots in some eyes: dark or bright, but no vessels. */
function addLesions(ground: [Field, Field, Field], plan: RetinaPlan, lens: Lens, eye: Random): void {
  if (chance(eye, 0.6)) return;
  const numBleedings = chance(eye, 0.7) ? 1 + eye.integer(14) : 0;
  for (let i = 0; i < numBleedings; i++) {
    const isFlame = chance(eye, 0.25);
    const radius = between(eye, 0.008, 0.034);
    const depth = between(eye, 0.3, 0.8);
    spot(lens, eye, plan, radius * (isFlame ? 2 : 1), isFlame ? 0.35 : between(eye, 0.6, 1), (pixel, share) => {
      for (let c = 0; c < 3; c++) ground[c as 0 | 1 | 2][pixel]! *= Math.exp(-depth * BLOOD[c as 0 | 1 | 2] * share);
    });
  }
  const numExudates = chance(eye, 0.5) ? 3 + eye.integer(26) : 0;
  for (let i = 0; i < numExudates; i++) {
    const weight = between(eye, 0.35, 0.9);
    spot(lens, eye, plan, between(eye, 0.005, 0.02), between(eye, 0.6, 1), (pixel, share) => {
      for (let c = 0; c < 3; c++) {
        const field = ground[c as 0 | 1 | 2];
        field[pixel]! += weight * share * (EXUDATE[c as 0 | 1 | 2] - field[pixel]!);
      }
    });
  }
}

/** Visits the pixels of a ragged spot somewhere around the macula, with the share of it that each holds. */
function spot(
  lens: Lens,
  eye: Random,
  plan: RetinaPlan,
  radius: number,
  flatness: number,
  visit: (pixel: number, share: number) => void,
): void {
  const x = plan.fovea[0] + eye.normal() * 0.36;
  const y = plan.fovea[1] + eye.normal() * 0.34;
  const angle = between(eye, 0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const lobes = [1, 2, 3].map(() => [around(eye, 0, 0.16), between(eye, 0, 6.3)] as const);
  const [column, row] = [lens.column(x), lens.row(y)];
  const reach = 1.6 * radius * lens.radius + 2;
  for (let py = Math.max(0, Math.ceil(row - reach)); py <= Math.min(lens.size - 1, row + reach); py++) {
    for (let px = Math.max(0, Math.ceil(column - reach)); px <= Math.min(lens.size - 1, column + reach); px++) {
      const [dx, dy] = [(px - column) / lens.radius, (py - row) / lens.radius];
      const u = (cos * dx + sin * dy) / radius;
      const v = (cos * dy - sin * dx) / (radius * flatness);
      const turn = Math.atan2(v, u);
      const ragged = lobes.reduce((sum, [size, phase], k) => sum + size * Math.sin((k + 2) * turn + phase), 1);
      const inside = (ragged - Math.hypot(u, v)) * radius * lens.radius;
      const share = Math.max(0, Math.min(1, inside + 0.5));
      if (share > 0) visit(py * lens.size + px, share);
    }
  }
}

/** Lights the fundus, lets it pass through the eye's media and the camera, and frames it. */
function develop(ground: [Field, Field, Field], blood: Blood, strength: number, lens: Lens, eye: Random): Uint8Array {
  const { size } = lens;
  const image = new Uint8Array(size * size * 3);
  const vignette = between(eye, 0.15, 0.55);
  const [lightX, lightY] = [around(eye, 0, 0.25), around(eye, 0, 0.25)];
  const haze = between(eye, 0, 0.07);
  const exposure = between(eye, 0.85, 1.15);
  const gamma = Math.exp(around(eye, 0, 0.13));
  const sharpness = between(eye, 0.45, 0.95);
  const grain = between(eye, 0.006, 0.022);
  const rim = chance(eye, 0.25) ? between(eye, 0.1, 0.4) : 0;
  const rimAngle = between(eye, 0, 2 * Math.PI);
  const uneven = smoothNoise(eye, size, lens.radius * 0.8);
  const depth = blur(blood.depth, size, 0.4);
  for (let c = 0; c < 3; c++) {
    const light = new Float32Array(size * size);
    for (let pixel = 0; pixel < light.length; pixel++) {
      const x = lens.x(pixel);
      const y = lens.y(pixel);
      const r2 = x * x + y * y;
      if (r2 > 1.1) continue;
      const off2 = (x - lightX) ** 2 + (y - lightY) ** 2;
      const lit = exposure * (1 - vignette * Math.min(1.3, off2 ** 1.2) + 0.06 * uneven[pixel]!);
      const absorbed = strength * BLOOD[c as 0 | 1 | 2] * depth[pixel]! * (1 - 0.28 * blood.reflex[pixel]!);
      light[pixel] = ground[c as 0 | 1 | 2][pixel]! * Math.exp(-absorbed) * lit + haze * (c === 2 ? 0.7 : 1);
      if (rim > 0) {
        const facing = Math.max(0, Math.cos(Math.atan2(y, x) - rimAngle)) ** 3;
        light[pixel]! += rim * facing * smoothstep(0.82, 1, r2) * (c === 2 ? 0.9 : 0.5);
      }
    }
    const soft = blur(light, size, sharpness);
    const noise = whiteNoise(eye, size);
    for (let pixel = 0; pixel < soft.length; pixel++) {
      const edge = Math.max(0, Math.min(1, (1 - lens.distance(pixel)) * lens.radius + 0.5));
      const value = Math.max(0, soft[pixel]! + grain * noise[pixel]!) ** gamma * edge + 0.012;
      image[3 * pixel + c] = Math.max(0, Math.min(255, Math.round(255 * value)));
    }
  }
  return image;
}
