/**
 * Who is tested on and who is learned from: by patient, written to a file (split-file.ts).
 *
 * Sides    every patient is in `train`, `validation` or `test`, never in two of them.
 * Draw     a label fraction is a percentage of the training patients, rounded up. Draws with one number and growing
 *          percentages are nested, so that the curve over percentages of one draw adds patients and changes none.
 * Ids      patients by the hashes that the catalogs have.
 * Errors   `ERR_SPLIT_PERCENT`, `ERR_SPLIT_FOREIGN`.
 */

import { MedsslError } from "@medssl/contract";
import { Random } from "../random.ts";
import type { Case } from "../store/store.ts";

export type Side = "train" | "validation" | "test";

export const sides: readonly Side[] = ["train", "validation", "test"];

export type SideCounts = Readonly<Record<Side, number>>;

export interface Split {
  readonly version: 2;
  readonly seed: number;
  /** Shares of the patients that were asked for where no official split says otherwise, 0-1. */
  readonly testFraction: number;
  readonly validationFraction: number;
  /** What it was made for. Empty in files of version 1, as the next two. */
  readonly stores: readonly SplitStore[];
  /** How each source was split, and its patients on each side. */
  readonly sources: readonly SplitSource[];
  /** Patients on each side in whose masks a label occurs. */
  readonly labels: readonly (SideCounts & { readonly name: string })[];
  /**
   * Whether images of unknown patients were taken for images of as many patients, though they look related, or patients of
   * stores with different salts for different people.
   */
  readonly isIndependenceAssumed: boolean;
  /** Patients, in the order that draws go by. */
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
  readonly draws: readonly SplitDraw[];
}

export interface SplitStore {
  readonly name: string;
  readonly salt: string;
  readonly cases: number;
}

export interface SplitSource extends SideCounts {
  readonly name: string;
  readonly way: "official" | "seeded";
  /** What was done that one would not expect, in words. */
  readonly note?: string;
}

export interface SplitDraw {
  readonly percent: number;
  readonly draw: number;
  readonly patients: readonly string[];
}

/**
 * The patients whose labels one draw uses: `percent` of the training patients, rounded up, at least one.
 *
 * @throws {MedsslError} `ERR_SPLIT_PERCENT` outside (0, 100].
 */
export function drawPatients(split: Pick<Split, "seed" | "train">, percent: number, draw: number): string[] {
  if (!(percent > 0 && percent <= 100)) {
    throw new MedsslError("ERR_SPLIT_PERCENT", `expected a label fraction in (0, 100] percent, got ${percent}`);
  }
  const count = Math.ceil((split.train.length * percent) / 100);
  return new Random(split.seed, draw, 1)
    .shuffle([...split.train])
    .slice(0, count)
    .sort();
}

/**
 * The cases with masks of these patients.
 *
 * @throws {MedsslError} `ERR_SPLIT_FOREIGN` when a patient has no masked case here: the split is another store's.
 */
export function casesOfPatients(cases: readonly Case[], patients: readonly string[]): Case[] {
  const missing = new Set(patients);
  const wanted = new Set(patients);
  const chosen = cases.filter(({ patient, hasMask }) => hasMask && wanted.has(patient));
  for (const { patient } of chosen) missing.delete(patient);
  if (missing.size > 0) {
    throw new MedsslError(
      "ERR_SPLIT_FOREIGN",
      `the split names ${missing.size} patients that have no mask in the store, such as "${[...missing][0]}"`,
      { hint: "Give the store that the split was made for, or make a new split." },
    );
  }
  return chosen;
}
