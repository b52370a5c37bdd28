/**
 * Sources into a store: listed by their layouts, decoded in worker threads, checked, resized, written; again and again
 * with the same result.
 *
 * Again        an item whose files are as they were is not read again; one whose content (SHA-256) the store has is not
 *              stored again. The second run of a command stores nothing, an interrupted one goes on, new and changed
 *              files are added.
 * Quarantine   a file that cannot be used, or not within the time limit, is listed with the reason and stops nothing.
 * Memory       does not grow with the number of images: lists are on disk, results are written as they come.
 * Errors       `ERR_SOURCE_MISSING`, `ERR_SOURCE_FILE`, `ERR_SOURCE_EMPTY`, `ERR_DISK_FULL`, and those of listing folders
 *              and opening the store.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { LabelRule } from "../label-rule.ts";
import type { Modality } from "../layouts/layout.ts";
import { Pseudonyms } from "../private/pseudonyms.ts";
import { readSalt } from "../private/salt.ts";
import { type RecipeName, type RecipeWishes, recipeNames } from "../store/recipe.ts";
import type { StoreInfo } from "../store/store.ts";
import { StoreWriter } from "../store/store-writer.ts";
import { agreeOnLabels } from "./agree-on-labels.ts";
import { downloadsOf } from "./fetch-source.ts";
import type { IngestSummary } from "./ingest-summary.ts";
import { ItemIntake } from "./item-intake.ts";
import { listSources, openSources } from "./list-sources.ts";
import { mergeParts, openPart } from "./parts.ts";
import { readAll, readerPool } from "./read-all.ts";
import { type ShardOf, WorkPlan } from "./work-plan.ts";

export interface IngestOptions extends RecipeWishes {
  /** Folder of the store; made when missing. */
  readonly store: string;
  /** Name of the sources' layout, or path of a module that exports one. @default recognised by looking */
  readonly layout?: string;
  /** What the images are, where neither their data set nor they themselves say it. */
  readonly modality?: Exclude<Modality, "other">;
  /** @default the layout's, else told from the masks' values at the first ingest that has masks */
  readonly labels?: LabelRule;
  /** Leaves masks out. @default false */
  readonly skipsMasks?: boolean;
  /** Takes DICOM segmentations that a program made and nobody corrected as masks. @default false */
  readonly takesAutomaticMasks?: boolean;
  /** End of a mask file's name before the extension, such as `_mask`. @default the usual ones */
  readonly maskSuffix?: string;
  /** Its first group, searched in the path below the source, is the patient. @default the source's last, or the names' */
  readonly patientPattern?: RegExp;
  /** Worker threads. @default the number of cores */
  readonly workers?: number;
  /** For one file, in seconds; a series has one more for each further file. @default 60 */
  readonly timeLimitSeconds?: number;
  /** This process does one part of a shared ingest; the last one to finish puts the parts together. */
  readonly shard?: ShardOf;
  /** File of the salt that identifiers are hashed with; made when missing. @default private/salt in the store */
  readonly saltFile?: string;
}

export async function ingest(
  paths: readonly string[],
  options: IngestOptions,
  listen: RunListener,
  signal?: AbortSignal,
): Promise<IngestSummary> {
  const began = performance.now();
  const { shard } = options;
  const store = resolve(options.store);
  const plan = new WorkPlan(shard);
  const isNew = !existsSync(join(store, "catalog.sqlite"));
  const writer =
    shard === undefined ? new StoreWriter(store) : new StoreWriter(openPart(store, shard), { base: store });
  const pool = readerPool(options);
  try {
    const pseudonyms = openPseudonyms(writer, options.saltFile ?? join(store, "private", "salt"));
    const sources = await openSources(paths, options, writer.ledger);
    pool.start();
    await listSources(sources, writer.ledger, options, plan, listen, signal);
    writer.agreeOnRecipes(wishesOf(options), plan.hasMaskedFilms);
    const rules = await agreeOnLabels(writer, options.labels, sources, plan, listen, signal);
    const intake = new ItemIntake(writer, sources, pseudonyms, options.skipsMasks);
    const jobs = { plan, intake, sources, rules, recipes: writer.recipes };
    const isComplete = await readAll(jobs, pool, listen, signal);
    intake.finish();
    if (isComplete && shard === undefined) {
      for (const message of intake.notes()) listen({ type: "note", level: "warning", message });
    }
    let info = writer.finish();
    writer.close();
    const merged = shard !== undefined && isComplete ? mergeParts(store, shard, listen) : undefined;
    info = merged ?? info;
    const tallies = sources.map(({ tally }) => ({ ...tally }));
    const sum = (key: "found" | "stored" | "unchanged" | "quarantined" | "masks") =>
      tallies.reduce((total, tally) => total + tally[key], 0);
    return {
      found: sum("found"),
      stored: sum("stored"),
      unchanged: sum("unchanged"),
      quarantined: sum("quarantined"),
      seconds: (performance.now() - began) / 1000,
      masks: sum("masks"),
      patients: info?.patients ?? 0,
      cases: info?.cases ?? 0,
      isComplete,
      labels: info?.labels ?? [],
      recipes: recipesOf(info),
      sources: tallies.map((tally) => ({
        ...tally,
        patients: info?.sources.find(({ name }) => name === tally.name)?.patients ?? 0,
      })),
      quarantine: intake.quarantine.files,
      reasons: intake.quarantine.reasons,
      duplicates: intake.duplicates,
      ...(shard === undefined ? {} : { shard: { ...shard, isMerged: merged !== undefined } }),
    };
  } catch (error) {
    // What was refused before anything was stored leaves nothing behind.
    const leavesNothing = isNew && shard === undefined && writer.isEmpty;
    writer.close();
    if (leavesNothing) removeStore(store);
    throw isDiskFull(error) ? diskFull(options.store, error) : error;
  } finally {
    await pool.close();
    writer.close();
    plan.close();
  }
}

/** All but what was fetched for it from an archive, which may have taken hours. */
function removeStore(store: string): void {
  const downloads = downloadsOf(store);
  if (!existsSync(downloads)) {
    rmSync(store, { recursive: true });
    return;
  }
  for (const folder of [store, dirname(downloads)]) {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!downloads.startsWith(path)) rmSync(path, { recursive: true });
    }
  }
}

/** @throws {MedsslError} `ERR_SALT_OTHER` when the store was made with another salt: its patients would not be known again. */
function openPseudonyms(writer: StoreWriter, saltPath: string): Pseudonyms {
  const pseudonyms = new Pseudonyms(readSalt(saltPath));
  const stored = writer.catalog.setting<string>("salt");
  if (stored !== undefined && stored !== pseudonyms.fingerprint) {
    throw new MedsslError("ERR_SALT_OTHER", `${saltPath}: the store ${writer.dir} was made with another salt`, {
      hint: "Give the file that it was made with as --salt-file, or --store a new folder.",
    });
  }
  writer.catalog.saveSetting("salt", pseudonyms.fingerprint);
  return pseudonyms;
}

function wishesOf({ width, height, fit, channel }: IngestOptions): RecipeWishes {
  const wishes = Object.entries({ width, height, fit, channel }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(wishes);
}

/** How the store keeps each kind of image that it has. */
function recipesOf(info: StoreInfo | undefined): IngestSummary["recipes"] {
  const used = recipeNames.filter((name: RecipeName) => info?.statistics[name] !== undefined);
  return Object.fromEntries(used.map((name) => [name, info!.recipes[name]]));
}

function isDiskFull(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === "ENOSPC" || errcode === 13;
}

function diskFull(store: string, cause: unknown): MedsslError {
  return new MedsslError("ERR_DISK_FULL", `${store}: the disk is full`, {
    hint: "Free some space and run the same command again: it goes on where it stopped.",
    cause,
  });
}
