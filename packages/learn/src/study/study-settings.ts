import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import type { Store } from "@medssl/datasets";
import { readJson, writeJson } from "./json-file.ts";
import type { StudyOptions } from "./study-options.ts";

/** Differences that the refusal shows; a study of other data has as many as settings. */
const SHOWN = 12;

/**
 * Writes down what a study is. Its folder holds cells of one setting only; arms, fractions, draws and imported weights may grow.
 *
 * @returns Whether the study is new here: nothing of it was trained, or it has other settings than one that failed before
 * anything was.
 * @throws {MedsslError} `ERR_STUDY_SETTINGS` showing every difference
 */
export function claimFolder(options: StudyOptions): boolean {
  const { dir, labeled, unlabeled, pretrain, finetune, head, seed, testFraction, split } = options;
  const names = (stores: readonly Store[]) => stores.map((store) => `${store.dir}: ${store.cases.length} images`);
  const path = join(dir, "settings.json");
  const hint = "What was trained here can no longer be told: give another --out.";
  const before: Record<string, unknown> = existsSync(path) ? { ...readJson(path, hint) } : {};
  const settings = {
    labeled: names(labeled),
    unlabeled: names(unlabeled),
    pretrain,
    finetune,
    head,
    seed,
    testFraction,
    split:
      split &&
      createHash("sha256")
        .update(JSON.stringify([split.train, split.test]))
        .digest("hex"),
    weights: { ...(before["weights"] as object | undefined), ...options.weights },
  };
  const changed = differences(before, settings);
  if (changed.length === 0) return false;
  if (!existsSync(path) || !["pretrain", "cells"].some((folder) => existsSync(join(dir, folder)))) {
    writeJson(path, settings);
    return true;
  }
  // Weights that were not known before are an arm that joins.
  const conflicts = changed.filter(
    ({ path: name, before: was }) => !(name.startsWith("weights.") && was === undefined),
  );
  if (conflicts.length === 0) {
    writeJson(path, settings);
    return false;
  }
  const shown = conflicts
    .slice(0, SHOWN)
    .map((one) => `  ${one.path}: ${one.before ?? "not set"} -> ${one.now ?? "not set"}`);
  const rest = conflicts.length > SHOWN ? [`  and ${conflicts.length - SHOWN} more`] : [];
  throw new MedsslError(
    "ERR_STUDY_SETTINGS",
    `${dir} holds a study with other settings (before -> now):\n${[...shown, ...rest].join("\n")}`,
    { hint: `Give another --out, or the settings of ${path}.` },
  );
}

interface Difference {
  readonly path: string;
  /** As JSON; undefined where it is not set. */
  readonly before: string | undefined;
  readonly now: string | undefined;
}

function differences(before: unknown, now: unknown): Difference[] {
  const [old, wanted] = [new Map(leaves(before)), new Map(leaves(now))];
  return [...new Set([...wanted.keys(), ...old.keys()])]
    .map((path) => ({ path, before: old.get(path), now: wanted.get(path) }))
    .filter((one) => one.before !== one.now);
}

/** The leaves of nested settings as [dotted path, JSON]. */
function leaves(value: unknown, path = ""): [string, string][] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, path === "" ? key : `${path}.${key}`));
}
