/**
 * What becomes of each item once it is looked at: left as it is, stored, recognised as a copy, or quarantined.
 *
 * Identity   an item is its source and key; its content is its files' bytes. A content is stored once: under the first
 *            item that had it. Identifiers become salted hashes here, on the way into the catalog.
 * Unchanged  files of the same sizes and times, read and understood in the same way, are not read again.
 */

import { statSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import type { SourceItem } from "../layouts/layout.ts";
import type { QuarantinedFile, SeenItem } from "../private/ledger.ts";
import { type Pseudonyms, PUBLIC_PSEUDONYMS, shortHash } from "../private/pseudonyms.ts";
import type { ItemFacts } from "../store/catalog.ts";
import type { StoreWriter } from "../store/store-writer.ts";
import { QuarantineList, type SourceTally } from "./ingest-summary.ts";
import type { Source } from "./list-sources.ts";
import type { PreparedItem, PreparedSlice } from "./prepare-item.ts";
import type { Identity } from "./read-scans.ts";
import type { PlannedItem } from "./work-plan.ts";

/** Different sentences that are remembered. */
const MAX_WARNINGS = 20;

export class ItemIntake {
  readonly quarantine = new QuarantineList();
  duplicates = 0;
  #thresholded = 0;
  /** What readers found odd: sentences without the file's name, each with a file and the number of items that had it. */
  readonly #warnings = new Map<string, { file: string; count: number }>();
  readonly #writer: StoreWriter;
  readonly #sources: readonly Source[];
  readonly #numbers: readonly number[];
  readonly #pseudonyms: Pseudonyms;

  constructor(writer: StoreWriter, sources: readonly Source[], pseudonyms: Pseudonyms) {
    this.#writer = writer;
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
    const settled = this.#settle(planned, prepared);
    if (settled instanceof MedsslError) {
      for (const file of planned.item.files) this.#refuseFile(planned, file, settled.code, settled.message);
      return;
    }
    const facts = this.#factsOf(planned, prepared.identity);
    if (settled === "store") {
      this.#store(planned, prepared, facts);
      tally.stored += numGood;
      this.#thresholded += Number(prepared.isThresholded);
    } else {
      tally.unchanged += numGood;
      if (settled === "unchanged") this.#writer.catalog.updateItem(facts);
    }
    if (prepared.maskContent !== undefined) tally.masks += 1;
    for (const warning of new Set(prepared.warnings)) this.#warn(planned.item.files[0]!, warning);
    this.#writer.ledger.note(facts.item, planned.item.files[0]!, {
      signature,
      facts: JSON.stringify(facts),
    });
    this.#writer.breathe();
  }

  refuse(planned: PlannedItem, { code, message }: MedsslError): void {
    for (const file of planned.item.files) this.#refuseFile(planned, file, code, message);
    this.#writer.breathe();
  }

  /** Sentences for the user, when all is done. */
  *notes(): Generator<string> {
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

  /** What is to be done with a content. */
  #settle(planned: PlannedItem, prepared: PreparedItem): "store" | "unchanged" | "duplicate" | MedsslError {
    const id = this.#idOf(planned);
    const known = this.#writer.catalog.findContent(contentOf(prepared, prepared.slices[0]!));
    if (known === undefined) return "store";
    const { maskContent } = prepared;
    if (maskContent === undefined || maskContent === known.maskContent) {
      if (known.item === id) return "unchanged";
      const { patient } = this.#factsOf(planned, prepared.identity);
      this.#writer.catalog.saveDuplicate(id, this.#numbers[planned.source]!, patient, known.item);
      this.duplicates += 1;
      return "duplicate";
    }
    if (known.maskContent === null || known.item === id) return "store";
    return new MedsslError(
      "ERR_MASK_CONFLICT",
      `${planned.item.files[0]}: the same picture is in the store as ${known.item}, with another mask`,
      { hint: "Keep one of the two: the same image on both sides of a split is a leak." },
    );
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
    return `${tally.name}/${facts.isPublished ? item.key : this.#pseudonyms.of("name", tally.name, item.key)}`;
  }

  /** What is said of an item, by its data set or else by its files; hashed where it identifies. */
  #factsOf(planned: PlannedItem, identity: Identity | undefined): ItemFacts {
    const { item, source } = planned;
    const { facts, layout } = this.#sources[source]!;
    const id = this.#idOf(planned);
    const pseudonyms = facts.isPublished ? PUBLIC_PSEUDONYMS : this.#pseudonyms;
    const space = facts.patientSpace ?? (facts.isPublished ? layout.name : "own");
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
export function signatureOf({ files, masks = [], modality, reading }: SourceItem): string {
  const seen = [...files, ...masks.map(({ file }) => file)].map((file) => {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return [size, mtimeMs];
  });
  return shortHash(JSON.stringify([seen, masks.map(({ fileValue }) => fileValue), modality, reading]));
}

const contentOf = ({ content, numSlices }: PreparedItem, { slice }: PreparedSlice): string =>
  numSlices === 1 ? content : `${content}#${slice}`;

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
