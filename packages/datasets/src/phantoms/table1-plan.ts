/**
 * What the miniature of an archive consists of, before any picture is drawn: plain data, a job at a time, so that worker
 * threads can draw and a plan of a million pictures takes no memory.
 */

import type { Random } from "../random.ts";
import type { Film, FilmView } from "./table1-films.ts";
import type { Field } from "./table1-table.ts";

/** A film and its place below the archive's folder. */
export interface FilmFile extends Film {
  readonly path: string;
  /** The file ends early, as a broken download does. */
  readonly isTruncated: boolean;
}

/** The films of one patient. */
export interface FilmJob {
  readonly kind: "films";
  readonly films: readonly FilmFile[];
  /** JPEG quality. */
  readonly quality: number;
}

/** Slices of one CT series as 16-bit PNGs of HU + 32768. */
export interface SeriesJob {
  readonly kind: "series";
  readonly seed: number;
  readonly size: number;
  readonly slices: readonly { readonly path: string; readonly z: number; readonly isTruncated: boolean }[];
}

/** A volume and its labels as NIfTI. */
export interface VolumeJob {
  readonly kind: "volume";
  readonly seed: number;
  readonly modality: "CT" | "MR";
  readonly size: number;
  readonly numSlices: number;
  readonly spacingZ: number;
  /** Where the voxels' axes point, such as `LPS`: x or y first. */
  readonly orientation: string;
  readonly imagePath: string;
  readonly labelPath: string | undefined;
}

export type Table1Job = FilmJob | SeriesJob | VolumeJob;

/** How many pictures a job makes. */
export function numPictures(job: Table1Job): number {
  if (job.kind === "films") return job.films.length;
  return job.kind === "series" ? job.slices.length : job.numSlices;
}

/** What a plan is told. */
export interface PlanOptions {
  readonly seed: number;
  /** Pictures (slices of volumes) in the archive. */
  readonly images: number;
  /** Where in the bank of films those of a view are: from, and how many. */
  filmRange(view: FilmView): readonly [first: number, count: number];
  /** Opens a table below the archive's folder; it is closed when the plan has been read to its end. */
  table(path: string, columns: readonly string[]): { add(fields: readonly Field[]): void };
  /** Writes a small file below the archive's folder. */
  file(path: string, content: string | Uint8Array): void;
}

/** Counted once the plan has been read to its end. */
export interface PlanCounts {
  readonly patients: number;
  readonly images: number;
}

export interface Archive {
  /** Name of its folder. */
  readonly folder: string;
  readonly title: string;
  /** Pictures at scale 1. */
  readonly published: number;
  plan(options: PlanOptions): Generator<Table1Job, PlanCounts>;
}

/** Every 2,000th picture of an archive, from the eighth on, is a file that ends early. */
export const isTruncated = (image: number): boolean => image % 2000 === 7;

/** What macOS leaves beside a file that it copies to a foreign disk: an AppleDouble header without entries. */
export const appleDouble = Uint8Array.of(0, 5, 0x16, 7, 0, 2, 0, 0, ...new Array(18).fill(0));

/** A count of at least `low`, with a tail that gets thinner by `decay` at each step. */
export function drawCount(random: Random, low: number, decay: number, high: number): number {
  let count = low;
  while (count < high && random.next() < decay) count++;
  return count;
}

/** Item i with probability weights[i] over their sum. */
export function drawIndex(random: Random, weights: readonly number[]): number {
  let rest = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}
