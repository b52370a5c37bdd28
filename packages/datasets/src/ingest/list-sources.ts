/**
 * The sources of an ingest: which layout each has, what it is called in the store, and all that it holds.
 *
 * Errors   `ERR_SOURCE_MISSING`, `ERR_SOURCE_FILE`, `ERR_SOURCE_EMPTY`, those of the registry and of the layouts.
 */

import { realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { Layout, LayoutFacts, ListOptions, Modality, SourceItem } from "../layouts/layout.ts";
import { findLayout } from "../layouts/registry.ts";
import { SourceFolder } from "../layouts/source-folder.ts";
import type { Ledger } from "../private/ledger.ts";
import { SourceTally } from "./ingest-summary.ts";
import type { WorkPlan } from "./work-plan.ts";

export interface Source {
  readonly folder: SourceFolder;
  readonly layout: Layout;
  /** What the layout says, or the folder in its place. */
  readonly facts: LayoutFacts;
  readonly tally: SourceTally;
}

/** One source for each folder; a folder that is given twice is one. */
export async function openSources(
  paths: readonly string[],
  { layout: layoutName, modality }: { readonly layout?: string; readonly modality?: Modality },
  ledger: Ledger,
): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of new Set(paths.map(realFolder))) {
    const folder = new SourceFolder(path);
    const layout = await findLayout(folder, layoutName);
    const name = ledger.registerSource(path, sourceNames(path));
    ledger.clearQuarantine(name);
    const told = { ...layout, ...layout.describe?.(folder) };
    const facts = told.modality === undefined && modality !== undefined ? { ...told, modality } : told;
    sources.push({ folder, layout, facts, tally: new SourceTally(name, path, layout.name) });
  }
  return sources;
}

function realFolder(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new MedsslError("ERR_SOURCE_MISSING", `${path}: no such folder`);
  if (!status.isDirectory()) {
    throw new MedsslError("ERR_SOURCE_FILE", `${path}: expected a folder of images, got a file`, {
      hint: "Unpack archives first; give the folder that holds the images, or images/ and masks/.",
    });
  }
  return realpathSync(path);
}

/** `images`, `mine-images`, `mine-images-2`, ... for /data/mine/images. */
function* sourceNames(path: string): Generator<string> {
  yield basename(path);
  const long = `${basename(dirname(path))}-${basename(path)}`;
  yield long;
  for (let i = 2; ; i++) yield `${long}-${i}`;
}

export interface ListingWishes extends ListOptions {
  readonly skipsMasks?: boolean | undefined;
}

/** Puts all that the sources hold into the plan, and says what a user should know of it. */
export async function listSources(
  sources: readonly Source[],
  ledger: Ledger,
  { maskSuffix, patientPattern: given, takesAutomaticMasks, skipsMasks }: ListingWishes,
  plan: WorkPlan,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<void> {
  const note = (level: "info" | "warning", message: string) => listen({ type: "note", level, message });
  for (const [number, { folder, layout, facts, tally }] of sources.entries()) {
    note("info", `${tally.path}: ${facts.title}`);
    const patientPattern = ledger.patientPattern(tally.name, given);
    // Where no mask is wanted, nothing is to be said of those that would be left out.
    const options = { maskSuffix, patientPattern, takesAutomaticMasks: takesAutomaticMasks || skipsMasks };
    for (const name of ["maskSuffix", "patientPattern"] as const) {
      if (options[name] === undefined || layout.options?.includes(name)) continue;
      note(
        "warning",
        `${tally.path}: ${OPTION_NAMES[name]} is not heeded, the layout ${layout.title} has its own names`,
      );
    }
    const before = plan.numListed;
    const said: string[] = [];
    for await (const entry of layout.list(folder, options)) {
      if (plan.numListed % HEARING === 0) await setImmediate();
      if (signal?.aborted) return;
      if ("note" in entry) {
        if (entry.topic === "patients") tally.patientRule = entry.note;
        else said.push(entry.example === undefined ? entry.note : `${entry.note}, such as ${entry.example}`);
      } else {
        plan.add(number, skipsMasks ? withoutMasks(entry) : entry, facts.modality);
      }
    }
    tally.found = plan.numFilesOf(number);
    for (const path of folder.unreadable) said.push(`${path}: this folder cannot be read and was left out`);
    if (plan.numListed > before) {
      for (const message of said) note("warning", message);
      continue;
    }
    const others = said.length > 0 ? ` (${said.join("; ")})` : "";
    throw new MedsslError("ERR_SOURCE_EMPTY", `${tally.path}: found no images${others}`, {
      hint: `It was read as ${layout.title}. Expected image files in this folder or below it; --layout says how it lies.`,
    });
  }
}

/** Items between two looks at what else has happened, such as Ctrl-C. */
const HEARING = 256;

const OPTION_NAMES = { maskSuffix: "--mask-suffix", patientPattern: "--patient-pattern" } as const;

function withoutMasks({ masks: _, ...item }: SourceItem): SourceItem {
  return item;
}
