import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import type { Store } from "@medssl/datasets";
import { readJson, writeJson } from "./json-file.ts";
import type { StudyOptions } from "./study-options.ts";

/**
 * Writes down what a study is. Its folder holds cells of one setting only; arms, fractions and draws may grow.
 *
 * @returns Whether the study is new here: nothing of it was trained, or it has other settings than one that failed before
 * anything was.
 * @throws {MedsslError} `ERR_STUDY_SETTINGS`
 */
export function claimFolder(options: StudyOptions): boolean {
  const { dir, labeled, unlabeled, pretrain, finetune, head, seed, testFraction, split } = options;
  const names = (stores: readonly Store[]) => stores.map((store) => `${store.dir}: ${store.cases.length} images`);
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
  };
  const path = join(dir, "settings.json");
  const hint = "What was trained here can no longer be told: give another --out.";
  const before: Record<string, unknown> = existsSync(path) ? { ...readJson(path, hint) } : {};
  const changed = Object.entries(settings)
    .filter(([key, value]) => JSON.stringify(before[key]) !== JSON.stringify(value))
    .map(([key]) => key);
  if (changed.length === 0) return false;
  if (["pretrain", "cells"].some((folder) => existsSync(join(dir, folder)))) {
    throw new MedsslError(
      "ERR_STUDY_SETTINGS",
      `${dir} holds a study with other settings: ${changed.join(", ")} differ.`,
      { hint: `Give another --out, or the settings of ${path}.` },
    );
  }
  writeJson(path, settings);
  return true;
}
