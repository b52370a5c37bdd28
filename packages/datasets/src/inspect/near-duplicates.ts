/**
 * Images of different patients that are nearly the same picture: one film in two files, a film in two data sets, two
 * files of one patient whom the names do not tell apart.
 *
 * Steps    1. pairs whose perceptual hashes differ in few bits (hamming-pairs.ts): 6 of 64, fewer in large stores;
 *          2. of these, pairs whose fingerprints are close; 3. of these, pairs whose pixels are alike (likeness.ts).
 * Left out images of one value, images of one patient, and pairs whose pixels are equal, which are found more cheaply.
 * Across   stores, when they keep images by the same recipe: cut or padded differently they are not recognised.
 * Memory   104 bytes an image. Every image is read once, the likeliest 20,000 pairs once more.
 */

import { countedWork, type RunListener } from "@medssl/contract";
import { readCase } from "../store/case-pixels.ts";
import { affordableDistance, type Hashes, visitNearPairs } from "./hamming-pairs.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";
import { differentBits, FINGERPRINT_WORDS, likeness, SAME_BITS, SAME_LIKENESS, writeFingerprint } from "./likeness.ts";

const MAX_COMPARISONS = 1e10;
const MAX_CANDIDATES = 4e6;
const MAX_CHECKED = 20_000;

export interface NearPair {
  /** Row numbers of `images`. */
  readonly one: number;
  readonly other: number;
  readonly likeness: number;
}

export interface NearDuplicates {
  /** The most alike first. */
  readonly pairs: readonly NearPair[];
  readonly images: number;
  /** Bits of 64 in which the perceptual hashes of a pair may differ. */
  readonly maxHashBits: number;
  readonly checkedPairs: number;
  /** Pairs with close fingerprints that were not checked, since there are too many. */
  readonly uncheckedPairs: number;
}

/** @param condition In SQL, of the images that are looked at. */
export function findNearDuplicates(catalog: JoinedCatalog, listen: RunListener, condition = "TRUE"): NearDuplicates {
  const images = loadImages(catalog, condition, listen);
  const maxHashBits = affordableDistance(images, MAX_COMPARISONS);
  const candidates = new Float64Array(MAX_CANDIDATES);
  let numCandidates = 0;
  visitNearPairs(images, maxHashBits, (a, b) => {
    if (images.patients[a] === images.patients[b] || images.pixels[a] === images.pixels[b]) return;
    const bits = differentBits(images.fingerprints, a, b);
    if (bits > SAME_BITS) return;
    // Pairs beyond the limit are counted, not kept. In one number: closest pairs first, then the images, 22 bits each.
    if (numCandidates < MAX_CANDIDATES) candidates[numCandidates] = (bits * MAX_IMAGES + a) * MAX_IMAGES + b;
    numCandidates++;
  });
  const chosen = candidates.subarray(0, numCandidates).sort().subarray(0, MAX_CHECKED);
  const progress = countedWork("compare pairs that look alike", chosen.length, listen);
  const pairs: NearPair[] = [];
  for (const candidate of chosen) {
    const b = candidate % MAX_IMAGES;
    const a = ((candidate - b) / MAX_IMAGES) % MAX_IMAGES;
    const [one, other] = [images.rows[Math.min(a, b)]!, images.rows[Math.max(a, b)]!];
    const value = likeness(readImageOf(catalog, one), readImageOf(catalog, other));
    if (value >= SAME_LIKENESS) pairs.push({ one, other, likeness: value });
    progress.advance();
  }
  progress.end();
  pairs.sort((a, b) => b.likeness - a.likeness);
  return {
    pairs,
    images: images.rows.length,
    maxHashBits,
    checkedPairs: chosen.length,
    uncheckedPairs: numCandidates - chosen.length,
  };
}

/** Largest number of images, 4,194,304: three numbers of a candidate then fit into the 53 bits of one. */
const MAX_IMAGES = 2 ** 22;

interface LoadedImages extends Hashes {
  readonly rows: Uint32Array;
  /** Numbers that are equal for one patient, and for equal pixels. */
  readonly patients: Float64Array;
  readonly pixels: Float64Array;
  /** [N, FINGERPRINT_WORDS] */
  readonly fingerprints: Uint32Array;
}

interface ImageRow {
  readonly number: number;
  readonly store: number;
  readonly shard: number;
  readonly row: number;
  readonly patient: string;
  readonly pixelHash: string;
  readonly perceptualHash: string;
}

function loadImages(catalog: JoinedCatalog, condition: string, listen: RunListener): LoadedImages {
  const wanted = `high > low AND (${condition})`;
  const { total } = catalog.one<{ total: number }>(`SELECT count(*) AS total FROM images WHERE ${wanted}`);
  const count = Math.min(total, MAX_IMAGES);
  const images = {
    rows: new Uint32Array(count),
    high: new Uint32Array(count),
    low: new Uint32Array(count),
    patients: new Float64Array(count),
    pixels: new Float64Array(count),
    fingerprints: new Uint32Array(count * FINGERPRINT_WORDS),
  };
  const progress = countedWork("look at images", count, listen);
  const sql = `SELECT rowid AS number, store, shard, row, patient, pixel_hash AS pixelHash, perceptual_hash AS perceptualHash
    FROM images WHERE ${wanted} LIMIT ${MAX_IMAGES}`;
  let i = 0;
  for (const image of catalog.rows<ImageRow>(sql)) {
    images.rows[i] = image.number;
    images.high[i] = Number.parseInt(image.perceptualHash.slice(0, 8), 16);
    images.low[i] = Number.parseInt(image.perceptualHash.slice(8), 16);
    images.patients[i] = numberOf(image.patient);
    images.pixels[i] = numberOf(image.pixelHash);
    const { width, height, data } = readCase(catalog.stores[image.store]!, { ...image, hasMask: false }).image;
    writeFingerprint(
      data,
      width,
      height,
      images.fingerprints.subarray(i * FINGERPRINT_WORDS, (i + 1) * FINGERPRINT_WORDS),
    );
    progress.advance();
    i++;
  }
  progress.end();
  return images;
}

/** The first 52 bits of a hash in hex. */
const numberOf = (hash: string): number => Number.parseInt(hash.slice(0, 13), 16);

function readImageOf(catalog: JoinedCatalog, number: number) {
  const image = catalog.one<Pick<ImageRow, "store" | "shard" | "row">>(
    "SELECT store, shard, row FROM images WHERE rowid = ?",
    number,
  );
  return readCase(catalog.stores[image.store]!, { ...image, hasMask: false }).image;
}
