/**
 * What the search for near-duplicates holds of every image in memory: its hashes, and what it must not be paired with.
 *
 * Turns    slices of CT and MR come four times: as they are, and mirrored in x, in y and in both. One scan in two data
 *          sets is mirrored where one of them lost its orientation.
 * Memory   93 bytes an entry.
 */

import { countedWork, type RunListener } from "@medssl/contract";
import { differenceHash } from "../ingest/slice-measures.ts";
import { readCase } from "../store/case-pixels.ts";
import type { Pixels } from "../store/npy-file.ts";
import type { Hashes } from "./hamming-pairs.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";
import { CELLS, cellMeans, FINGERPRINT_WORDS, writeFingerprint } from "./likeness.ts";

/** Entries at the most: two of their numbers and six bits then fit into the 53 bits of one number. */
export const MAX_ENTRIES = 2 ** 22;

/** 0 as it is, 1 mirrored in x, 2 in y, 3 in both. */
export type Turn = 0 | 1 | 2 | 3;

export interface ImageIndex extends Hashes {
  readonly numImages: number;
  /** Row number in `images`, and turn, of each entry. */
  readonly rows: Uint32Array;
  readonly turns: Uint8Array;
  /** Numbers that are equal for one patient, and for equal pixels. */
  readonly patients: Float64Array;
  readonly pixels: Float64Array;
  /** [entries, FINGERPRINT_WORDS] */
  readonly fingerprints: Uint32Array;
}

interface ImageRow {
  readonly number: number;
  readonly store: number;
  readonly shard: number;
  readonly row: number;
  readonly recipe: string;
  readonly patient: string;
  readonly pixelHash: string;
  readonly perceptualHash: string;
}

/** Of the perceptual hash. */
const [HASH_COLUMNS, HASH_ROWS] = [9, 8];

const MIRRORED = "recipe IN ('ct', 'mr')";

/** @param condition In SQL, of the images that are looked at; images of one value never are. */
export function indexImages(catalog: JoinedCatalog, condition: string, listen: RunListener): ImageIndex {
  const wanted = `high > low AND (${condition})`;
  const { total, scans } = catalog.one<{ total: number; scans: number | null }>(
    `SELECT count(*) AS total, sum(${MIRRORED}) AS scans FROM images WHERE ${wanted}`,
  );
  const numImages = Math.min(total, MAX_ENTRIES);
  const areTurned = total + 3 * (scans ?? 0) <= MAX_ENTRIES;
  const count = areTurned ? total + 3 * (scans ?? 0) : numImages;
  const index = {
    numImages,
    rows: new Uint32Array(count),
    turns: new Uint8Array(count),
    high: new Uint32Array(count),
    low: new Uint32Array(count),
    patients: new Float64Array(count),
    pixels: new Float64Array(count),
    fingerprints: new Uint32Array(count * FINGERPRINT_WORDS),
  };
  const progress = countedWork("look at images", numImages, listen);
  const sql = `SELECT rowid AS number, store, shard, row, recipe, patient, pixel_hash AS pixelHash,
    perceptual_hash AS perceptualHash FROM images WHERE ${wanted} LIMIT ${MAX_ENTRIES}`;
  let entry = 0;
  for (const row of catalog.rows<ImageRow>(sql)) {
    const { image } = readCase(catalog.stores[row.store]!, { ...row, hasMask: false });
    const means = cellMeans(image, CELLS, CELLS);
    const isScan = areTurned && (row.recipe === "ct" || row.recipe === "mr");
    // The hash of the image as it is stands in the catalog; those of its mirror images are made of its mirrored means.
    const hashMeans = isScan ? cellMeans(image, HASH_COLUMNS, HASH_ROWS) : undefined;
    for (const turn of isScan ? ([0, 1, 2, 3] as const) : ([0] as const)) {
      const hash = turn === 0 ? row.perceptualHash : differenceHash(mirror(hashMeans!, HASH_COLUMNS, turn));
      index.rows[entry] = row.number;
      index.turns[entry] = turn;
      index.high[entry] = Number.parseInt(hash.slice(0, 8), 16);
      index.low[entry] = Number.parseInt(hash.slice(8), 16);
      index.patients[entry] = numberOf(row.patient);
      index.pixels[entry] = numberOf(row.pixelHash);
      const start = entry * FINGERPRINT_WORDS;
      writeFingerprint(mirror(means, CELLS, turn), index.fingerprints.subarray(start, start + FINGERPRINT_WORDS));
      entry++;
    }
    progress.advance();
  }
  progress.end();
  return index;
}

/** The first 52 bits of a hash in hex. */
const numberOf = (hash: string): number => Number.parseInt(hash.slice(0, 13), 16);

/** Rows of `width` values, mirrored. */
export function mirror<Values extends Pixels | Float64Array>(values: Values, width: number, turn: Turn): Values {
  const result = values.slice() as Values;
  // Mirrored in both is the same as read backwards.
  if (turn === 3) return result.reverse() as Values;
  for (let start = 0; start < values.length && turn !== 0; start += width) {
    const row = values.subarray(start, start + width);
    if (turn === 1) result.set(row.toReversed(), start);
    else result.set(row, values.length - width - start);
  }
  return result;
}
