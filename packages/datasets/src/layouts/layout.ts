/**
 * A layout: how one data set, or one kind of folder, lies on disk. One file each: data, and the function that lists.
 *
 * The listing only says what there is; decoding, hashing and checking come later, in worker threads. So an item is plain
 * data, and a layout never reads pixels. Lists are streams: an archive of a million files is never in memory at once.
 */

import type { Vec3 } from "@medssl/imaging";
import type { FileLabel } from "../label-rule.ts";
import type { SourceFolder } from "./source-folder.ts";

/** What kind of picture it is; chooses the store's recipe. `other`: nobody says. */
export type Modality = "xray" | "ct" | "mr" | "fundus" | "other";

export type OfficialSplit = "train" | "validation" | "test";

export interface Layout {
  /** What `--layout` calls it: lower case, `chexpert`, `msd`. */
  readonly name: string;
  /** As the field writes it: "CheXpert". */
  readonly title: string;
  /** Of every item that does not say its own; undefined where the files themselves say (DICOM) or nobody does. */
  readonly modality?: Modality;
  /** What mask values mean; undefined where it is told from the masks, or there are none. */
  readonly labels?: readonly FileLabel[];
  /**
   * Layouts of one space call one person by one name: LiTS and MSD Task03; `own`: folders whose names are the user's.
   * Others never share a patient. @default name
   */
  readonly patientSpace?: string;
  /** Whether file names are those of a published data set: pseudonyms that anybody can download. Else names are hashed. */
  readonly isPublished: boolean;
  /** The data set's own counts, for the report to compare with. */
  readonly published?: PublishedCounts;
  /** What a folder says of itself, in place of the above: the labels of its `dataset.json`, say. */
  describe?(folder: SourceFolder): LayoutFacts;
  /** Whether the folder has this layout. Looks at few names, reads no pixels. The first layout of the registry that says yes is taken. */
  recognize(folder: SourceFolder): boolean | Promise<boolean>;
  /** Which of the options it heeds; the user is told when another one is given. */
  readonly options?: readonly (keyof ListOptions)[];
  /** Everything in the folder, in a stable order. */
  list(folder: SourceFolder, options?: ListOptions): AsyncIterable<SourceEntry>;
}

/** What a user says about names that nobody else knows. */
export interface ListOptions {
  /** End of a mask file's name before the extension, such as `_mask`; chooses between observers too. */
  readonly maskSuffix?: string | undefined;
  /** Its first group, searched in the path below the source without extension, is the patient. */
  readonly patientPattern?: RegExp | undefined;
  /** Whether DICOM segmentations that a program made and nobody corrected are masks as others are. @default false */
  readonly takesAutomaticMasks?: boolean | undefined;
}

export type LayoutFacts = Partial<
  Pick<Layout, "title" | "modality" | "labels" | "patientSpace" | "isPublished" | "published">
>;

export interface PublishedCounts {
  readonly images?: number;
  readonly patients?: number;
  readonly studies?: number;
  readonly masks?: number;
  /** Where the numbers stand: a citation or an address. */
  readonly reference: string;
}

export type SourceEntry = SourceItem | SourceNote;

/** A sentence about the folder for the user: what was left out and why, what is missing. */
export interface SourceNote {
  /** Path of one of the files that the note is about: for who asked, and for nothing that a store keeps. */
  readonly example?: string | undefined;
  readonly note: string;
  /**
   * `patients`: the note says how patients are told apart, and the store keeps it: no name of a file or folder is in it, nor
   * a pattern that may hold one. One a source, where the names do not follow a data set's rule. `patient numbers`: it says
   * what is odd about them, which matters to who splits patients.
   */
  readonly topic?: "patients" | "patient numbers";
}

/** One thing to read: an image file, a volume, or the files of one DICOM series. It becomes one case, or one a slice. */
export interface SourceItem {
  /** Absolute paths; several for a DICOM series. */
  readonly files: readonly string[];
  /** Name below the source, with `/`, without extension; unique in the source and stable from run to run. */
  readonly key: string;
  readonly masks?: readonly MaskFile[] | undefined;
  /** As the data set names them. Only salted hashes of them enter a store. Undefined: nobody says whose image it is. */
  readonly patient?: string | undefined;
  /** In which space `patient` is a name, where the folder mixes a published set's cases with others. @default the layout's */
  readonly patientSpace?: string | undefined;
  /** Whether this item's names are those of a published data set. @default the layout's */
  readonly isPublished?: boolean | undefined;
  readonly study?: string | undefined;
  readonly series?: string | undefined;
  /** @default the layout's */
  readonly modality?: Modality | undefined;
  readonly view?: "frontal" | "lateral" | undefined;
  readonly projection?: "PA" | "AP" | undefined;
  readonly split?: OfficialSplit | undefined;
  /** A class that splits keep the shares of, such as "tuberculosis". Never free text. */
  readonly stratum?: string | undefined;
  /** Where in the body, each 0-1, as DeepLesion says it. */
  readonly location?: Vec3 | undefined;
  /** What the file itself does not say, or says wrongly. */
  readonly reading?: Reading | undefined;
  /** Why it cannot be used, where the listing knows already: it is quarantined with this, unread. */
  readonly refusal?: Refusal | undefined;
}

/** What a `MedsslError` is made of. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** A mask of the item's image, on the same grid. Several are laid over one another, later ones on top. */
export interface MaskFile {
  readonly file: string;
  /** Every value above zero (8-bit: from 128 on) means the label with this `fileValue`; without it the values speak for themselves. */
  readonly fileValue?: number;
  /** Drawn on a copy of the image of another size, such as SCR's 1024 pixels on JSRT's 2048: brought to the image's by nearest neighbor. */
  readonly hasOwnSize?: boolean;
}

/** How the stored numbers are to be understood, where the file does not say. Applied in this order. */
export interface Reading {
  /** Subtracted from every value: DeepLesion stores HU + 32768. */
  readonly subtract?: number;
  /** The values are Hounsfield units. */
  readonly isHounsfield?: boolean;
  /** Dark and bright are exchanged (JSRT). */
  readonly isInverted?: boolean;
  /** Voxel size [z, y, x] in place of the file's; `"unknown"` where the file's is known to be wrong. */
  readonly spacingMm?: Vec3 | "unknown";
  /** How the volume lies in the patient is a placeholder in the file: slices are kept as stored, in their order. */
  readonly areDirectionsUnknown?: boolean;
  /** Cuts black borders off before anything else (Montgomery). */
  readonly cropsBlackBorder?: boolean;
}
