/**
 * What an inspection of stores says: what is in them, and what of it stands in the way of an honest result. The same for
 * the terminal, for `--json` and for the page. It names images by their ids in the store, patients not at all.
 */

import type { SideCounts } from "../splits/split.ts";
import type { RecipeName } from "../store/recipe.ts";

/** `error`: results would be wrong. `warning`: look at it. `note`: good to know. `ok`: looked for and not found. */
export type Severity = "error" | "warning" | "note" | "ok";

export interface Finding {
  readonly severity: Severity;
  /** Stable name of what was looked for. */
  readonly check: string;
  /** One sentence. */
  readonly title: string;
  /** What it means and what to do, where the title does not say it all. */
  readonly advice?: string;
  /** A few of the images, or numbers behind the sentence. */
  readonly examples?: readonly string[];
}

export interface Inspection {
  readonly version: 1;
  /** ISO 8601. */
  readonly created: string;
  readonly stores: readonly InspectedStore[];
  readonly totals: Counts;
  readonly sources: readonly SourceContents[];
  readonly kinds: readonly KindContents[];
  readonly labels: readonly LabelContents[];
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** Undefined when they were not looked for. */
  readonly nearDuplicates: NearDuplicateReport | undefined;
  readonly split: InspectedSplit | undefined;
}

export interface Counts {
  readonly patients: number;
  readonly studies: number;
  /** Files, volumes or series as they were ingested. */
  readonly items: number;
  /** Stored images: of a volume each slice is one. */
  readonly images: number;
  /** Images with a mask, be it empty. */
  readonly masks: number;
}

export interface InspectedStore {
  readonly name: string;
  readonly images: number;
  readonly labels: readonly string[];
}

export interface SourceContents extends Counts {
  readonly store: string;
  readonly name: string;
  /** The data set, or the kind of folder, as the field writes it. */
  readonly title: string;
  readonly patientRule: string;
  readonly maskedItems: number;
  /** Items of patients of whom nobody says who they are. */
  readonly unknownPatients: number;
  /** Patients by the data set's own split, and items by stratum and by view, where it has them. */
  readonly officialSplit: Readonly<Record<string, number>>;
  readonly strata: Readonly<Record<string, number>>;
  readonly views: Readonly<Record<string, number>>;
  /** What the data set's authors count, beside what is here. */
  readonly published: readonly PublishedCount[];
  readonly reference: string | undefined;
}

export interface PublishedCount {
  readonly what: "images" | "patients" | "studies" | "masks";
  readonly here: number;
  readonly published: number;
}

/** The images of one source that are kept by one recipe. */
export interface KindContents {
  readonly store: string;
  readonly source: string;
  readonly recipe: RecipeName;
  readonly images: number;
  /** DICOM's terms, where the files say them. */
  readonly modalities: readonly string[];
  /** "320x320 luma pad uint8" */
  readonly storedAs: string;
  readonly unit: "grey" | "HU";
  /** Original sizes, in pixels: ranges, and the one that most have. */
  readonly width: Range;
  readonly height: Range;
  readonly commonestSize: { readonly size: string; readonly share: number };
  readonly numSizes: number;
  /** Slices of a volume; 1 to 1 for pictures. */
  readonly slices: Range;
  /** Millimetres; undefined where no file says it. */
  readonly spacingX: Range | undefined;
  readonly spacingY: Range | undefined;
  readonly spacingZ: Range | undefined;
  readonly withoutSpacing: number;
  /** Of all stored pixels, borders included. */
  readonly mean: number;
  readonly std: number;
  readonly low: number;
  readonly high: number;
}

export type Range = readonly [low: number, high: number];

/** How often a label occurs in the masks of one source. */
export interface LabelContents {
  readonly store: string;
  readonly source: string;
  readonly name: string;
  readonly images: number;
  readonly items: number;
  readonly patients: number;
  /** Of the pixels of all images with a mask, 0-1. */
  readonly pixelShare: number;
  /** Of the pixels of the images that show it, on average. */
  readonly pixelShareWhereShown: number;
  /** Images with a mask in this source. */
  readonly ofImages: number;
  readonly ofItems: number;
  readonly ofPatients: number;
}

export interface NearDuplicateReport {
  readonly images: number;
  readonly maxHashBits: number;
  readonly checkedPairs: number;
  readonly uncheckedPairs: number;
  readonly leastLikeness: number;
  /** Number of pairs found; the first hundred are named. */
  readonly count: number;
  readonly pairs: readonly NamedPair[];
}

export interface NamedPair {
  readonly one: NamedImage;
  readonly other: NamedImage;
  readonly likeness: number;
  /** Alike when one of them is mirrored. */
  readonly isMirrored: boolean;
  /** Of volumes: how many pairs of their slices are alike; `one` and `other` are the two most alike. */
  readonly slices: number;
}

export interface NamedImage {
  readonly store: string;
  readonly id: string;
  /** Of the split; null where it has none. */
  readonly side: string | null;
}

export interface InspectedSplit {
  /** Name of the file; undefined for the data sets' own splits. */
  readonly file: string | undefined;
  readonly patients: SideCounts;
}

const ORDER: readonly Severity[] = ["error", "warning", "note", "ok"];

export const bySeverity = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));

/** "1 image", "1,234 images". */
export const counted = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? noun : nouns}`;
