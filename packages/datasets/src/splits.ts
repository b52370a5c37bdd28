/**
 * Who is tested on and who is learned from: by patient, seeded, written to a file.
 *
 * Split    every patient with a mask is in `train` or in `test`, never in both; the share is kept within each source.
 * Draw     a label fraction is a percentage of the training patients, rounded up. Draws with one number and growing
 *          percentages are nested, so that the curve over percentages of one draw adds patients and changes none.
 * Errors   `ERR_SPLIT_FEW`, `ERR_SPLIT_FRACTION`, `ERR_SPLIT_PERCENT`, `ERR_SPLIT_FILE`, `ERR_SPLIT_FOREIGN`.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { Random } from "./random.ts";
import type { Case } from "./store/store.ts";

export interface Split {
  readonly version: 1;
  readonly seed: number;
  /** Share of the patients held out, 0-1. */
  readonly testFraction: number;
  /** Patient ids, sorted. */
  readonly train: readonly string[];
  readonly test: readonly string[];
}

export interface SplitOptions {
  readonly seed: number;
  readonly testFraction: number;
}

/**
 * Splits the patients of the cases that have masks.
 *
 * @throws {MedsslError} `ERR_SPLIT_FEW` with fewer than two such patients, `ERR_SPLIT_FRACTION` outside (0, 1).
 */
export function makeSplit(cases: readonly Case[], { seed, testFraction }: SplitOptions): Split {
  if (!(testFraction > 0 && testFraction < 1)) {
    throw new MedsslError("ERR_SPLIT_FRACTION", `expected a test fraction between 0 and 1, got ${testFraction}`, {
      hint: "0.2 holds out every fifth patient.",
    });
  }
  const sourceOfPatient = new Map<string, string>();
  for (const { patient, source, hasMask } of cases) {
    const known = sourceOfPatient.get(patient);
    if (hasMask && (known === undefined || source < known)) sourceOfPatient.set(patient, source);
  }
  if (sourceOfPatient.size < 2) {
    throw new MedsslError(
      "ERR_SPLIT_FEW",
      `a split needs 2 patients with masks, found ${sourceOfPatient.size} among ${cases.length} images`,
      { hint: "Check `medssl ingest`'s table: were the masks found, and were patients told apart as you expect?" },
    );
  }
  const strata = shuffledStrata(sourceOfPatient, seed);
  const total = Math.min(Math.max(Math.round(sourceOfPatient.size * testFraction), 1), sourceOfPatient.size - 1);
  const shares = apportion(
    strata.map((patients) => patients.length),
    total,
  );
  const test = strata.flatMap((patients, i) => patients.slice(0, shares[i]));
  const train = strata.flatMap((patients, i) => patients.slice(shares[i]));
  return { version: 1, seed, testFraction, train: train.sort(), test: test.sort() };
}

/** The patients of each source in seeded order; sources by name. */
function shuffledStrata(sourceOfPatient: ReadonlyMap<string, string>, seed: number): string[][] {
  const strata = Map.groupBy([...sourceOfPatient.keys()].sort(), (patient) => sourceOfPatient.get(patient)!);
  return [...strata.keys()].sort().map((source, i) => new Random(seed, i).shuffle(strata.get(source)!));
}

/** Whole shares of `total` in proportion to the sizes: rounded down, the rest to the largest remainders. */
function apportion(sizes: readonly number[], total: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * total) / all);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = exact.map((share, i) => ({ i, rest: share % 1 })).sort((a, b) => b.rest - a.rest || a.i - b.i);
  for (const { i } of byRemainder.slice(0, missing)) shares[i]! += 1;
  return shares;
}

/**
 * The patients whose labels one draw uses: `percent` of the training patients, rounded up, at least one.
 *
 * @throws {MedsslError} `ERR_SPLIT_PERCENT` outside (0, 100].
 */
export function drawPatients(split: Split, percent: number, draw: number): string[] {
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

export function writeSplit(path: string, split: Split): void {
  writeFileSync(`${path}.partial`, `${JSON.stringify(split, null, 2)}\n`);
  renameSync(`${path}.partial`, path);
}

/** @throws {MedsslError} `ERR_SPLIT_FILE` when the file is missing or no split. */
export function readSplit(path: string): Split {
  let split: Split | null;
  try {
    split = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw splitFileError(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (split?.version !== 1 || !Array.isArray(split.train) || !Array.isArray(split.test)) {
    throw splitFileError(path, `expected version 1 with lists "train" and "test", got version ${split?.version}`);
  }
  const train = new Set(split.train);
  const both = split.test.filter((patient) => train.has(patient));
  if (both.length > 0) throw splitFileError(path, `patient "${both[0]}" is in both train and test`);
  return split;
}

function splitFileError(path: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_SPLIT_FILE", `${path}: not a split that can be used: ${what}`, {
    hint: "Delete the file to have a new split made, or give the right path.",
    cause,
  });
}
