/**
 * Chest films by the hundred thousand: a bank of rendered phantoms, each shown in many framings, builds and exposures.
 *
 * A film is rendered in 0.1 s and reframed in a few ms, so that an archive of 600,000 is made in hours, not days. Two
 * films of one base are as unlike as two films of one person: shifted, turned, stretched, lit and grained otherwise.
 *
 * Bank     a `SharedArrayBuffer` that the worker threads fill and read; a quarter of it, the last, are laterals.
 * Again    a film follows from its numbers alone.
 */

import type { Image } from "@medssl/imaging";
import { Random } from "../random.ts";
import { around, between } from "./draw.ts";
import { renderXray } from "./xray.ts";

export type FilmView = "frontal" | "lateral";

/** One film: what it shows is `base` and `person`, how it was taken is `shot`, how it was developed is `tone`. */
export interface Film {
  readonly width: number;
  readonly height: number;
  /** Position in the bank. */
  readonly base: number;
  /** Seeds. */
  readonly person: number;
  readonly shot: number;
  readonly tone: number;
}

/** Width and height of the bank's films, in pixels. */
const SIZE = 400;

export class FilmBank {
  readonly buffer: SharedArrayBuffer;

  /** An empty bank, or one that another thread has made. */
  constructor(content: number | SharedArrayBuffer) {
    this.buffer = typeof content === "number" ? new SharedArrayBuffer(content * SIZE * SIZE) : content;
  }

  get numFilms(): number {
    return this.buffer.byteLength / (SIZE * SIZE);
  }

  film(base: number): Uint8Array {
    return new Uint8Array(this.buffer, base * SIZE * SIZE, SIZE * SIZE);
  }

  /** The positions of a view: from, and how many. */
  range(view: FilmView): [first: number, count: number] {
    const numLaterals = Math.ceil(this.numFilms / 4);
    const numFrontals = this.numFilms - numLaterals;
    return view === "frontal" ? [0, numFrontals] : [numFrontals, numLaterals];
  }

  /** Renders one film into its place. */
  fill(base: number, seed: number): void {
    const [firstLateral] = this.range("lateral");
    const patient = new Random(seed, 220, base).uint32();
    this.film(base).set(renderXray(patient, SIZE, base < firstLateral ? "frontal" : "lateral").image);
  }
}

/** Takes the film. What lies beside the base is as dark as behind shutters. */
export function takeFilm(bank: FilmBank, { width, height, base, person, shot, tone }: Film): Image<Uint8Array> {
  const source = bank.film(base);
  const framing = drawFraming(width, height, new Random(person, 221), new Random(shot, 222));
  const curve = drawCurve(new Random(tone, 223));
  const grain = noiseTile();
  const random = new Random(shot, 224);
  const [left, top] = [random.integer(TILE), random.integer(TILE)];
  const strength = between(random, 0.6, 2.6) / GRAIN_SCALE;
  const { cos, sin, scaleX, scaleY, bendX, bendY } = framing;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5 - height / 2) * scaleY;
    const row = ((y + top) % TILE) * TILE;
    for (let x = 0; x < width; x++) {
      const u = (x + 0.5 - width / 2) * scaleX;
      const fromX = framing.x + cos * u - sin * v + bendX[y]!;
      const fromY = framing.y + sin * u + cos * v + bendY[x]!;
      let value = 4;
      if (fromX >= 0 && fromY >= 0 && fromX < SIZE - 1 && fromY < SIZE - 1) {
        const column = fromX | 0;
        const line = fromY | 0;
        const at = line * SIZE + column;
        const right = fromX - column;
        const upper = source[at]! + right * (source[at + 1]! - source[at]!);
        const lower = source[at + SIZE]! + right * (source[at + SIZE + 1]! - source[at + SIZE]!);
        value = upper + (fromY - line) * (lower - upper);
      }
      const developed = curve[value | 0]! + strength * grain[row + ((x + left) % TILE)]!;
      data[y * width + x] = Math.max(0, Math.min(255, developed));
    }
  }
  return { width, height, channels: 1, data };
}

interface Framing {
  /** Middle of the frame on the base, its turn, and base pixels per pixel. */
  readonly x: number;
  readonly y: number;
  readonly cos: number;
  readonly sin: number;
  readonly scaleX: number;
  readonly scaleY: number;
  /** Slow waves, in base pixels: how far each row is moved sideways, and each column up or down. */
  readonly bendX: Float32Array;
  readonly bendY: Float32Array;
}

function drawFraming(width: number, height: number, person: Random, shot: Random): Framing {
  const aspect = width / height;
  // A wide film shows more at the sides and less above and below than the square base.
  const extent = (SIZE * between(shot, 0.88, 1.04)) / Math.sqrt(aspect);
  const build = Math.exp(around(person, 0, 0.07));
  const turn = around(shot, 0, 0.03);
  return {
    x: SIZE / 2 + around(shot, 0, 0.025 * SIZE),
    y: SIZE / 2 + around(shot, 0, 0.025 * SIZE),
    cos: Math.cos(turn),
    sin: Math.sin(turn),
    scaleX: (extent * aspect * build) / width,
    scaleY: extent / height,
    bendX: drawWave(height, person),
    bendY: drawWave(width, person),
  };
}

function drawWave(length: number, random: Random): Float32Array {
  const waves = [1, 2].map((turns) => ({
    turns: turns * between(random, 0.7, 1.3),
    phase: between(random, 0, 2 * Math.PI),
    reach: (around(random, 0, 0.016) * SIZE) / turns,
  }));
  return Float32Array.from({ length }, (_, i) =>
    waves.reduce(
      (sum, { turns, phase, reach }) => sum + reach * Math.sin((2 * Math.PI * turns * i) / length + phase),
      0,
    ),
  );
}

/** New grey values for old ones. */
function drawCurve(random: Random): Float32Array {
  const gamma = Math.exp(around(random, 0, 0.18));
  const [black, white] = [between(random, 0, 24), between(random, 215, 255)];
  return Float32Array.from({ length: 256 }, (_, value) => black + (white - black) * (value / 255) ** gamma);
}

const TILE = 512;
const GRAIN_SCALE = 24;
let tile: Int8Array | undefined;

/** White noise of deviation `GRAIN_SCALE`, made once. */
function noiseTile(): Int8Array {
  const random = new Random(0, 225);
  tile ??= Int8Array.from({ length: TILE * TILE }, () => Math.round(around(random, 0, GRAIN_SCALE)));
  return tile;
}
