/**
 * A CT scan of a phantom patient from the pelvis to the neck: any of its axial slices in Hounsfield units, with organs.
 *
 * Shapes   slices of `size` x `size`; row 0 is the front of the lying patient, column 0 the patient's right (LPS).
 * Units    Hounsfield units, millimetres; heights run to the head.
 * Labels   1..15 as AMOS22 numbers its organs; those that the phantom's belly lacks do not occur.
 * Cost     anatomy is painted at half the size and stretched, so a slice of 512 x 512 takes about 0.06 s.
 * Again    a slice follows from the seed and its height alone.
 */

import { Random } from "../random.ts";
import { buildBody } from "./body.ts";
import { around, between } from "./draw.ts";
import { blur, type Field, whiteNoise } from "./noise.ts";
import { drawPatient } from "./patient.ts";
import { type Pose, posed } from "./pose.ts";
import { drawDensities, inPaintingOrder, table } from "./scan.ts";
import { type Densities, SlicePainter } from "./slice.ts";
import type { Part, Solid } from "./solids.ts";

/** The names that the parts of the body bear, at AMOS22's numbers less one. */
const organs: readonly string[] = [
  "spleen",
  "right kidney",
  "left kidney",
  "gallbladder",
  "esophagus",
  "liver",
  "stomach",
  "aorta",
  "postcava",
  "pancreas",
  "right adrenal gland",
  "left adrenal gland",
  "duodenum",
];

export interface TorsoSlice {
  /** HU. */
  readonly density: Int16Array;
  readonly labels: Uint8Array;
}

export class TorsoScan {
  readonly size: number;
  /** mm per pixel. */
  readonly pitch: number;
  /** The lowest and the highest slice that the body fills, in mm. */
  readonly heights: readonly [number, number];
  readonly #seed: number;
  readonly #parts: readonly Part[];
  readonly #skin: Solid;
  readonly #densities: Densities;
  readonly #center: readonly [number, number];
  /** Deviation of the noise, HU. */
  readonly #noise: number;

  /** @param size Width and height of the slices, even. */
  constructor(seed: number, size: number) {
    const patient = drawPatient(new Random(seed, 0));
    const random = new Random(seed, 210);
    const pose: Pose = { scale: patient.scale, turn: around(random, 0, 0.04), lean: 0 };
    const body = buildBody(patient, "lying", seed);
    this.size = size;
    this.pitch = (patient.scale[0] * (2 * (172 + patient.fat)) * between(random, 0.97, 1.12)) / size;
    this.heights = [-200 * patient.scale[2], 190 * patient.scale[2]];
    this.#seed = seed;
    this.#parts = inPaintingOrder(body, []).map((part) => posed(part, pose));
    this.#skin = posed(body.skin, pose);
    this.#densities = drawDensities("liver", random);
    this.#center = [around(random, 0, 6), 4 + around(random, 0, 8)];
    this.#noise = between(random, 9, 22);
  }

  /** @param z Height in mm, inside `heights`. */
  slice(z: number): TorsoSlice {
    const half = this.size / 2;
    const [x, y] = this.#center;
    const grid = { size: half, pitch: 2 * this.pitch, x, y, z };
    // The body wavers alike at all heights, so that outlines go on from slice to slice.
    const painter = new SlicePainter(grid, this.#densities, organs, new Random(this.#seed, 211));
    painter.paint(table(this.#skin.sectionAt(z), z, new Random(this.#seed, 212)));
    painter.waver(new Random(this.#seed, 213), 2.4);
    painter.paint(this.#parts);
    return {
      density: this.#measure(painter.density, z),
      labels: doubled(painter.labels, half),
    };
  }

  /** Stretches to full size and adds the noise of a reconstruction. */
  #measure(density: Field, z: number): Int16Array {
    const { size } = this;
    const half = size / 2;
    const noise = noiseTile();
    const random = new Random(this.#seed, 214, z);
    const [left, top] = [random.integer(TILE), random.integer(TILE)];
    const result = new Int16Array(size * size);
    for (let y = 0; y < size; y++) {
      const above = Math.max(0, (y - 1) >> 1) * half;
      const below = Math.min(half - 1, (y + 1) >> 1) * half;
      const v = y % 2 === 0 ? 0.75 : 0.25;
      const grain = ((y + top) % TILE) * TILE;
      for (let x = 0; x < size; x++) {
        const before = Math.max(0, (x - 1) >> 1);
        const after = Math.min(half - 1, (x + 1) >> 1);
        const u = x % 2 === 0 ? 0.75 : 0.25;
        const upper = density[above + before]! * (1 - u) + density[above + after]! * u;
        const lower = density[below + before]! * (1 - u) + density[below + after]! * u;
        const value = upper * (1 - v) + lower * v + this.#noise * noise[grain + ((x + left) % TILE)]!;
        result[y * size + x] = Math.max(-1024, Math.min(3071, Math.round(value)));
      }
    }
    return result;
  }
}

const TILE = 1024;
let tile: Field | undefined;

/** Noise without low frequencies, as filtered back-projection leaves it; deviation about 1. Made once. */
function noiseTile(): Field {
  if (tile !== undefined) return tile;
  const white = whiteNoise(new Random(0, 215), TILE);
  const fine = blur(white, TILE, 0.7);
  const coarse = blur(white, TILE, 2);
  tile = fine.map((value, i) => 2.6 * (value - 0.75 * coarse[i]!));
  return tile;
}

function doubled(labels: Uint8Array, half: number): Uint8Array {
  const size = 2 * half;
  const result = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) result[y * size + x] = labels[(y >> 1) * half + (x >> 1)]!;
  }
  return result;
}
