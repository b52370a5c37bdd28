/**
 * A split as a file: JSON that a person can read and another group can take over.
 *
 * Versions   2 is written; 1, which had only `train` and `test`, is read as well.
 * Errors     `ERR_SPLIT_FILE`
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type Side, type Split, sides } from "./split.ts";

export function writeSplit(path: string, split: Split): void {
  writeFileSync(`${path}.partial`, `${JSON.stringify(split, null, 2)}\n`);
  renameSync(`${path}.partial`, path);
}

/** @throws {MedsslError} `ERR_SPLIT_FILE` when the file is missing or no split, or a patient is on two sides. */
export function readSplit(path: string): Split {
  const split = parseSplit(path);
  const [leak] = patientsOnTwoSides(split);
  if (leak !== undefined) throw splitFileError(path, `patient "${leak[0]}" is in both ${leak[1].join(" and ")}`);
  return split;
}

/**
 * The same for a report, which tells of patients on two sides instead of refusing them.
 *
 * @throws {MedsslError} `ERR_SPLIT_FILE` when the file is missing or no split.
 */
export function parseSplit(path: string): Split {
  let split: (Partial<Omit<Split, "version">> & { version?: unknown }) | null;
  try {
    split = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw splitFileError(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const version = split?.version;
  if ((version !== 1 && version !== 2) || !isList(split?.train) || !isList(split?.test)) {
    throw splitFileError(path, `expected version 1 or 2 with lists "train" and "test", got version ${version}`);
  }
  const before = {
    validationFraction: 0,
    stores: [],
    sources: [],
    labels: [],
    isIndependenceAssumed: false,
    validation: [],
    draws: [],
  };
  return {
    ...before,
    ...(split as Partial<Split> & Pick<Split, "seed" | "testFraction" | "train" | "test">),
    version: 2,
  };
}

const isList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");

/** Patients that are on more than one side, with the sides. */
export function patientsOnTwoSides(split: Split): Map<string, Side[]> {
  const sidesOf = new Map<string, Side[]>();
  for (const side of sides) {
    for (const patient of new Set(split[side])) sidesOf.set(patient, [...(sidesOf.get(patient) ?? []), side]);
  }
  return new Map([...sidesOf].filter(([, where]) => where.length > 1));
}

function splitFileError(path: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_SPLIT_FILE", `${path}: not a split that can be used: ${what}`, {
    hint: "Delete the file to have a new split made, or give the right path.",
    cause,
  });
}
