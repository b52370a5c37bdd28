/**
 * The check before a study: no picture that is tested on is among those that are learned from.
 *
 * Once     what was found is kept in leak-check.json beside the split; it is read again while stores and split are the same.
 * Errors   `ERR_STUDY_LEAK`
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, type StudyNote } from "@medssl/contract";
import { findLeaks, type Split, type Store } from "@medssl/datasets";
import type { Selection } from "../data/image-set.ts";
import { readJson, writeJson } from "./json-file.ts";
import type { StudyOptions } from "./study-options.ts";

const SHOWN = 5;

interface LeakCheck {
  readonly of: string;
  readonly leaks: readonly string[];
}

/**
 * @param pool What is pre-trained with
 * @returns Notes for the report where leaks were allowed
 * @throws {MedsslError} `ERR_STUDY_LEAK`
 */
export function checkLeaks(options: StudyOptions, split: Split, pool: readonly Selection[]): StudyNote[] {
  const { leaks } = checkOnce(options, split, pool);
  if (leaks.length === 0) return [];
  const count = `${leaks.length} picture${leaks.length === 1 ? " that is" : "s that are"} tested on ${leaks.length === 1 ? "is" : "are"} also learned from, under another patient's name`;
  const examples = leaks.slice(0, SHOWN).join("; ") + (leaks.length > SHOWN ? "; ..." : "");
  if (!options.allowLeaks) {
    throw new MedsslError("ERR_STUDY_LEAK", `The leak check failed: ${count}: ${examples}`, {
      hint:
        "Every result would be too good. Look at the pairs with `medssl inspect --split`; give them one patient at ingest, or leave one" +
        " of them out. --allow-leaks measures all the same, and the report says so in red.",
    });
  }
  const text = `The leak check failed and was overridden: ${count} (${examples}). Every score may be too good.`;
  options.listen({ type: "note", level: "warning", message: text });
  return [{ level: "error", text }];
}

function checkOnce({ dir, listen }: StudyOptions, split: Split, pool: readonly Selection[]): LeakCheck {
  const stores = [...new Map(pool.map(({ store }) => [store.dir, store])).values()];
  const learned = new Set([...split.train, ...pool.flatMap(({ cases }) => cases.map(({ patient }) => patient))]);
  const of = fingerprint(stores, split.test, learned);
  const path = join(dir, "leak-check.json");
  const known = existsSync(path) ? (readJson(path, "Delete it; the check is made again.") as LeakCheck) : undefined;
  if (known?.of === of) return known;
  const check = { of, leaks: findLeaks({ stores, test: split.test, learned, listen }) };
  writeJson(path, check);
  return check;
}

function fingerprint(stores: readonly Store[], test: readonly string[], learned: ReadonlySet<string>): string {
  // The statistics tell other pixels from the same number of them.
  const what = [stores.map(({ dir, cases, info }) => [dir, cases.length, info.statistics]), test, [...learned].sort()];
  return createHash("sha256").update(JSON.stringify(what)).digest("hex");
}
