/**
 * What an ingest reports: numbers for each source while its files go through, and what a user should know beside them.
 *
 * Counts   are files: of a DICOM series each instance is one, a NIfTI volume is one. Masks are not counted.
 *          found = stored + unchanged + quarantined, unless the ingest was interrupted.
 */

import type { QuarantinedFile } from "../private/ledger.ts";
import type { Label, StoreInfo } from "../store/store.ts";

export interface SourceSummary {
  readonly name: string;
  readonly path: string;
  /** How the folder was read. */
  readonly layout: string;
  readonly found: number;
  readonly stored: number;
  readonly unchanged: number;
  readonly quarantined: number;
  /** Of the stored and unchanged items, those with a mask. */
  readonly masks: number;
  readonly patients: number;
  /** How patients were told apart, in words. */
  readonly patientRule: string;
}

export interface IngestSummary {
  readonly found: number;
  readonly stored: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly seconds: number;
  readonly masks: number;
  /** Fewer than the sources' sum when sources share patients. */
  readonly patients: number;
  /** Images and slices that the store holds now; those of a shard only, until all shards are done. */
  readonly cases: number;
  /** False when the ingest was interrupted; the same call goes on. */
  readonly isComplete: boolean;
  readonly labels: readonly Label[];
  /** How the store keeps each kind of image that it has. */
  readonly recipes: Partial<StoreInfo["recipes"]>;
  readonly sources: readonly SourceSummary[];
  /** The first 1000; all are in the table `quarantine` of `private/files.sqlite`. */
  readonly quarantine: readonly QuarantinedFile[];
  /** How many were quarantined for each reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Files that hold a picture which is in the store under another name; counted as unchanged. */
  readonly duplicates: number;
  /** Of a shared ingest: its number, and whether this was the last one, which put all parts together. */
  readonly shard?: { readonly index: number; readonly count: number; readonly isMerged: boolean };
}

/** The numbers of one source, counted while its files go through. */
export class SourceTally {
  readonly name: string;
  readonly path: string;
  readonly layout: string;
  patientRule = "as the data set names them";
  found = 0;
  stored = 0;
  unchanged = 0;
  quarantined = 0;
  masks = 0;
  /** Patients are counted in the catalog: their names would not stay small. */
  patients = 0;

  constructor(name: string, path: string, layout: string) {
    this.name = name;
    this.path = path;
    this.layout = layout;
  }
}

const LISTED = 1000;

/** What could not be used: counted for each reason, listed as far as a person reads. */
export class QuarantineList {
  readonly files: QuarantinedFile[] = [];
  readonly reasons: Record<string, number> = {};
  count = 0;

  add(file: QuarantinedFile): void {
    this.count += 1;
    this.reasons[file.code] = (this.reasons[file.code] ?? 0) + 1;
    if (this.files.length < LISTED) this.files.push(file);
  }
}
