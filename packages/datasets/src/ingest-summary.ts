/**
 * What an ingest reports: numbers for each source while its files go through, and what a user should know beside them.
 */

import type { QuarantinedFile } from "./catalog.ts";
import type { FolderListing } from "./folder-layout.ts";
import type { Label } from "./store.ts";

export interface SourceSummary {
  readonly name: string;
  readonly path: string;
  readonly found: number;
  readonly stored: number;
  readonly unchanged: number;
  readonly quarantined: number;
  /** Of the stored and unchanged images, those with a mask. */
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
  readonly masks: number;
  /** Fewer than the sources' sum when sources share patients. */
  readonly patients: number;
  readonly seconds: number;
  /** False when the ingest was interrupted; the same call goes on. */
  readonly isComplete: boolean;
  readonly labels: readonly Label[];
  readonly sources: readonly SourceSummary[];
  readonly quarantine: readonly QuarantinedFile[];
  /** Files that hold a picture which is in the store under another name; counted as unchanged. */
  readonly duplicates: number;
  readonly masksWithoutImage: readonly string[];
}

/** The numbers of one source, counted while its files go through. */
export class SourceTally {
  readonly name: string;
  readonly path: string;
  readonly patientRule: string;
  readonly found: number;
  stored = 0;
  unchanged = 0;
  quarantined = 0;
  masks = 0;
  readonly patients = new Set<string>();

  constructor(name: string, path: string, patientRule: string, found: number) {
    this.name = name;
    this.path = path;
    this.patientRule = patientRule;
    this.found = found;
  }

  summarize(): SourceSummary {
    return { ...this, patients: this.patients.size };
  }
}

/** The numbers of all sources together. */
export function addUp(tallies: readonly SourceTally[]) {
  const sum = (key: "found" | "stored" | "unchanged" | "quarantined" | "masks") =>
    tallies.reduce((total, tally) => total + tally[key], 0);
  return {
    found: sum("found"),
    stored: sum("stored"),
    unchanged: sum("unchanged"),
    quarantined: sum("quarantined"),
    masks: sum("masks"),
    patients: new Set(tallies.flatMap(({ patients }) => [...patients])).size,
  };
}

/** What a user should know of the files that are in no list. */
export function* listingNotes(listings: readonly FolderListing[]): Generator<string> {
  const masksWithoutImage = listings.flatMap((listing) => listing.masksWithoutImage);
  if (masksWithoutImage.length > 0) {
    yield `${masksWithoutImage.length} masks have no image, such as ${masksWithoutImage[0]}`;
  }
  const others = listings.reduce((sum, { numOtherObservers }) => sum + numOtherObservers, 0);
  if (others > 0) yield `${others} masks of other observers were left out (--mask-suffix chooses an observer)`;
  const masks = listings.flatMap(({ images }) => images.flatMap((image) => image.masks));
  const numShared = masks.length - new Set(masks).size;
  if (numShared > 0) yield `${numShared} images share their mask with another image: is that meant?`;
}
