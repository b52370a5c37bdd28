/**
 * The tables of a store's catalog. Nothing in it names a person, a place or a file: patients, studies and series are
 * salted hashes, and so are ids of images whose names are not published ones. What names files is in `private/`.
 *
 * cases        one row an image or slice: where its pixels are, what it shows, what was measured on it
 * shards       the pixel files; `rows` and `mask_rows` are those that cases need
 * sources      the folders that were ingested, by their short names
 * duplicates   images that are in the store already under another id: the same file content, stored once
 */

export const CATALOG_VERSION = 2;

export const CATALOG_SCHEMA = `
  PRAGMA user_version = ${CATALOG_VERSION};
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE sources (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    layout TEXT NOT NULL,
    patient_rule TEXT NOT NULL
  );
  CREATE TABLE shards (
    number INTEGER PRIMARY KEY,
    recipe TEXT NOT NULL,
    rows INTEGER NOT NULL,
    mask_rows INTEGER NOT NULL
  );
  CREATE TABLE cases (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    item TEXT NOT NULL,
    source INTEGER NOT NULL REFERENCES sources(number),
    patient TEXT NOT NULL,
    is_patient_known INTEGER NOT NULL,
    study TEXT,
    series TEXT,
    recipe TEXT NOT NULL,
    modality TEXT,
    view TEXT,
    projection TEXT,
    split TEXT,
    stratum TEXT,
    location TEXT,
    slice INTEGER NOT NULL,
    slices INTEGER NOT NULL,
    z_mm REAL,
    shard INTEGER NOT NULL REFERENCES shards(number),
    row INTEGER NOT NULL,
    has_mask INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    spacing_x REAL,
    spacing_y REAL,
    spacing_z REAL,
    content TEXT NOT NULL UNIQUE,
    mask_content TEXT,
    pixel_hash TEXT NOT NULL,
    perceptual_hash TEXT NOT NULL,
    pixel_sum REAL NOT NULL,
    pixel_square_sum REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    label_counts TEXT,
    burned_in TEXT
  );
  CREATE INDEX cases_item ON cases(item);
  CREATE INDEX cases_patient ON cases(patient, has_mask);
  CREATE TABLE duplicates (
    id TEXT PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources(number),
    patient TEXT NOT NULL,
    original TEXT NOT NULL,
    content TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** A row of `cases` to be written, but for its place in the shards. */
export interface CatalogCase {
  /** `source/key`, and `source/key#0012` for slice 12 of a volume. */
  readonly id: string;
  /** `source/key`: all slices of a volume have the same. */
  readonly item: string;
  readonly source: number;
  readonly patient: string;
  readonly isPatientKnown: boolean;
  readonly study: string | null;
  readonly series: string | null;
  readonly recipe: string;
  /** DICOM's term, where the file says it. */
  readonly modality: string | null;
  readonly view: string | null;
  readonly projection: string | null;
  readonly split: string | null;
  readonly stratum: string | null;
  /** Three numbers of 0-1 as JSON. */
  readonly location: string | null;
  /** Position in its volume, from 0, and the number of slices there. */
  readonly slice: number;
  readonly slices: number;
  /** Along the patient, from foot to head, in the scanner's coordinates. */
  readonly zMm: number | null;
  /** Size of the original image, in pixels, and of its pixels, in mm. */
  readonly width: number;
  readonly height: number;
  readonly spacingX: number | null;
  readonly spacingY: number | null;
  readonly spacingZ: number | null;
  /** SHA-256 of the file's bytes, shortened, and the slice. */
  readonly content: string;
  readonly maskContent: string | null;
  /** Equal for equal pixels (slice-measures.ts). */
  readonly pixelHash: string;
  /** 64 bits in hex that are nearly equal for images that look alike (slice-measures.ts). */
  readonly perceptualHash: string;
  /** Of the stored pixels in their own units: sums of values and squares, smallest, largest. */
  readonly pixelSum: number;
  readonly pixelSquareSum: number;
  readonly low: number;
  readonly high: number;
  /** Pixels of each label as JSON: {"1": 1234}; null without a mask. */
  readonly labelCounts: string | null;
  /** Why writing may be burned into the picture: the tag says so, or its border looks like it. */
  readonly burnedIn: "tag" | "edges" | null;
}
