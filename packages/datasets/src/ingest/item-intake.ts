/**
 * What becomes of each item once it is looked at: left as it is, stored, recognised as a copy, or quarantined.
 *
 * Identity   an item is its source and key; its content is its files' bytes. A content is stored once: under the first
 *            item that had it. Identifiers become salted hashes here, on the way into the catalog.
 * Errors     `ERR_MASK_CONFLICT`, which concerns one item.
 * Unchanged  files of the same sizes and times, read and understood in the same way, are not read again.
 */

import { statSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import type { LabelRule } from "../label-rule.ts";
import type { SourceItem } from "../layouts/layout.ts";
import type { QuarantinedFile, SeenItem } from "../private/ledger.ts";
import { type Pseudonyms, PUBLIC_PSEUDONYMS, shortHash } from "../private/pseudonyms.ts";
import type { ItemFacts } from "../store/catalog.ts";
import type { StoreWriter } from "../store/store-writer.ts";
import { QuarantineList, type SourceTally } from "./ingest-summary.ts";
import type { Source } from "./list-sources.ts";
import type { PreparedItem, PreparedSlice } from "./prepare-item.ts";
import type { Identity } from "./read-scans.ts";
import { settle } from "./settle.ts";
import type { PlannedItem } from "./work-plan.ts";

/** Different sentences that are remembered. */
const MAX_WARNINGS = 20;

export class ItemIntake {
  readonly quarantine = new QuarantineList();
  duplicates = 0;
  #thresholded = 0;
  #orphans: readonly string[] = [];
  /** Items of each source that are in the ledger and were met. */
  readonly #numSeen: number[];
  /** What readers found odd: sentences without the file's name, each with a file and the number of items that had it. */
  readonly #warnings = new Map<string, { file: string; count: number }>();
  readonly #writer: StoreWriter;
  readonly #sources: readonly Source[];
  readonly #numbers: readonly number[];
  readonly #pseudonyms: Pseudonyms;

  readonly #skipsMasks: boolean;

  /** @param skipsMasks Whether masks are left out on purpose: those that the store has stay. */
  constructor(writer: StoreWriter, sources: readonly Source[], pseudonyms: Pseudonyms, skipsMasks = false) {
    this.#writer = writer;
    this.#skipsMasks = skipsMasks;
    this.#numSeen = sources.map(() => 0);
    this.#sources = sources;
    this.#pseudonyms = pseudonyms;
    this.#numbers = sources.map(({ tally: { name, layout, patientRule } }) =>
      writer.catalog.saveSource(name, layout, patientRule),
    );
  }

  /**
   * Whether the item is in the store as it is on disk; then it is counted, and what is said of it brought up to date.
   *
   * @param signature Of the item's files as they are now (`signatureOf`)
   */
  isUnchanged(planned: PlannedItem, signature: string): boolean {
    const id = this.#idOf(planned);
    const seen = this.#writer.ledger.seen(id);
    if (seen?.signature !== signature) return false;
    this.#numSeen[planned.source]! += 1;
    this.#tally(planned).unchanged += planned.item.files.length;
    if (planned.item.masks?.length) this.#tally(planned).masks += 1;
    const facts = this.#factsOf(planned, undefined);
    // What only the files say, such as a DICOM patient, is not in the listing and stays.
    if (planned.item.patient !== undefined || !facts.isPatientKnown) this.#updateFacts(planned, facts, seen);
    return true;
  }

  accept(planned: PlannedItem, prepared: PreparedItem, signature: string): void {
    const tally = this.#tally(planned);
    for (const { file, code, reason } of prepared.refused) this.#refuseFile(planned, file, code, reason);
    const numGood = planned.item.files.length - prepared.refused.length;
    this.#numSeen[planned.source]! += 1;
    const facts = this.#factsOf(planned, prepared.identity);
    const { catalog, ledger } = this.#writer;
    const content = contentOf(prepared, prepared.slices[0]!);
    const { item, patient } = facts;
    const maskContent = prepared.maskContent ?? null;
    const settled = settle(catalog, { item, content, maskContent, skipsMasks: this.#skipsMasks });
    if (settled.kind === "conflict") {
      const error = maskConflict(planned.item.files[0]!, settled.original);
      for (const file of planned.item.files) this.#refuseFile(planned, file, error.code, error.message);
      return;
    }
    if (settled.kind === "store") {
      if (settled.displaced !== undefined) catalog.displace(settled.displaced, item);
      this.#store(planned, prepared, facts);
      tally.stored += numGood;
      this.#thresholded += Number(prepared.isThresholded);
    } else {
      tally.unchanged += numGood;
      if (settled.kind === "unchanged") catalog.updateItem(facts);
      else {
        const { original } = settled;
        catalog.saveDuplicate({ id: item, source: this.#numbers[planned.source]!, patient, original, content });
        this.duplicates += 1;
      }
    }
    if (prepared.maskContent !== undefined) tally.masks += 1;
    for (const warning of new Set(prepared.warnings)) this.#warn(planned.item.files[0]!, warning);
    // An item of which a file was refused is read again, so that the file is told again; and one whose mask was left out
    // this time, so that the next run sees whether it is there.
    const isToBeReadAgain = prepared.refused.length > 0 || (this.#skipsMasks && settled.kind === "unchanged");
    const seen = isToBeReadAgain ? "" : signature;
    ledger.note(item, planned.item.files[0]!, { signature: seen, facts: JSON.stringify(facts) });
    this.#writer.breathe();
  }

  refuse(planned: PlannedItem, { code, message }: MedsslError): void {
    for (const file of planned.item.files) this.#refuseFile(planned, file, code, message);
    this.#writer.breathe();
  }

  /** Brings what belongs together in order, when all is done. */
  finish(): void {
    this.#orphans = this.#writer.catalog.dropOrphans();
    for (const item of this.#orphans) this.#writer.ledger.forget(item);
  }

  /** Sentences for the user, after `finish`. */
  *notes(): Generator<string> {
    if (this.#orphans.length > 0) {
      yield `${this.#orphans.length} files were copies of files that have changed: run the same command again to store them`;
    }
    for (const [i, { tally }] of this.#sources.entries()) {
      const numGone = this.#writer.ledger.countItems(tally.name) - this.#numSeen[i]!;
      if (numGone > 0)
        yield `${numGone} images of ${tally.name} are in the store, but not among its files any more: they stay`;
    }
    if (this.#thresholded > 0) yield `${this.#thresholded} masks had soft edges; they were cut at 128 of 255`;
    if (this.duplicates > 0) {
      yield `${this.duplicates} files hold a picture that is in the store already; each is stored once`;
    }
    for (const [warning, { file, count }] of this.#warnings) {
      yield count === 1 ? `${file}: ${warning}` : `${warning} (${count} times, such as ${file})`;
    }
  }

  #warn(file: string, warning: string): void {
    const known = this.#warnings.get(warning);
    if (known !== undefined) known.count += 1;
    else if (this.#warnings.size < MAX_WARNINGS) this.#warnings.set(warning, { file, count: 1 });
  }

  #refuseFile(planned: PlannedItem, file: string, code: string, reason: string): void {
    const tally = this.#tally(planned);
    tally.quarantined += 1;
    const entry: QuarantinedFile = { file, source: tally.name, code, reason };
    this.quarantine.add(entry);
    this.#writer.ledger.quarantine(entry);
  }

  #store(planned: PlannedItem, prepared: PreparedItem, facts: ItemFacts): void {
    const { item, source } = planned;
    this.#writer.catalog.dropItem(facts.item);
    const [z, y, x] = prepared.spacingMm ?? [];
    for (const slice of prepared.slices) {
      const { labelCounts, ...measures } = slice.measures;
      this.#writer.add({
        values: {
          ...facts,
          ...measures,
          id: prepared.numSlices === 1 ? facts.item : `${facts.item}#${String(slice.slice).padStart(4, "0")}`,
          source: this.#numbers[source]!,
          recipe: prepared.recipe,
          modality: prepared.modality ?? null,
          view: item.view ?? null,
          projection: item.projection ?? null,
          location: item.location === undefined ? null : JSON.stringify(item.location),
          slice: slice.slice,
          slices: prepared.numSlices,
          zMm: slice.zMm ?? null,
          width: prepared.width,
          height: prepared.height,
          spacingX: finite(x),
          spacingY: finite(y),
          spacingZ: finite(z),
          content: contentOf(prepared, slice),
          maskContent: prepared.maskContent ?? null,
          labelCounts: labelCounts === undefined ? null : JSON.stringify(labelCounts),
          burnedIn: prepared.burnedIn ?? null,
        },
        pixels: slice.pixels,
        labels: slice.labels,
      });
    }
  }

  #updateFacts(planned: PlannedItem, facts: ItemFacts, seen: SeenItem): void {
    const text = JSON.stringify(facts);
    if (text === seen.facts) return;
    this.#writer.catalog.updateItem(facts);
    this.#writer.ledger.note(facts.item, planned.item.files[0]!, { signature: seen.signature, facts: text });
  }

  #tally({ source }: PlannedItem): SourceTally {
    return this.#sources[source]!.tally;
  }

  #idOf({ source, item }: PlannedItem): string {
    const { facts, tally } = this.#sources[source]!;
    const isPublished = item.isPublished ?? facts.isPublished;
    return `${tally.name}/${isPublished ? item.key : this.#pseudonyms.of("name", tally.name, item.key)}`;
  }

  /** What is said of an item, by its data set or else by its files; hashed where it identifies. */
  #factsOf(planned: PlannedItem, identity: Identity | undefined): ItemFacts {
    const { item, source } = planned;
    const { facts, layout } = this.#sources[source]!;
    const id = this.#idOf(planned);
    const pseudonyms = (item.isPublished ?? facts.isPublished) ? PUBLIC_PSEUDONYMS : this.#pseudonyms;
    const space = item.patientSpace ?? facts.patientSpace ?? layout.name;
    const name = item.patient ?? identity?.patient;
    const patient = name === undefined ? pseudonyms.of("image", "", id) : pseudonyms.of("patient", space, name);
    const study = item.study ?? identity?.study;
    const series = item.series ?? identity?.series;
    return {
      item: id,
      patient,
      isPatientKnown: name !== undefined,
      study: study === undefined ? null : pseudonyms.of("study", patient, study),
      series: series === undefined ? null : pseudonyms.of("series", patient, series),
      split: item.split ?? null,
      stratum: item.stratum ?? null,
    };
  }
}

/** Sizes and times of the files, and how they are to be read: equal means that reading them again gives the same. */
export function signatureOf({ files, masks = [], modality, reading }: SourceItem, rule: LabelRule | undefined): string {
  const seen = [...files, ...masks.map(({ file }) => file)].map((file) => {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return [size, mtimeMs];
  });
  const meaning = masks.length > 0 ? [masks.map(({ fileValue, hasOwnSize }) => [fileValue, hasOwnSize]), rule] : [];
  return shortHash(JSON.stringify([seen, meaning, modality, reading]));
}

export const maskConflict = (file: string, original: string): MedsslError =>
  new MedsslError("ERR_MASK_CONFLICT", `${file}: the same picture is in the store as ${original}, with another mask`, {
    hint: "Keep one of the two: the same image on both sides of a split is a leak.",
  });

const contentOf = ({ content, numSlices }: PreparedItem, { slice }: PreparedSlice): string =>
  numSlices === 1 ? content : `${content}#${slice}`;

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
