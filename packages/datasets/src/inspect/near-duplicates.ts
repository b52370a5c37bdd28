/**
 * Images of different patients that are nearly the same picture: one film in two files, a scan in two data sets, two
 * files of one patient whom the names do not tell apart.
 *
 * Steps    1. pairs whose perceptual hashes differ in few bits (hamming-pairs.ts): 6 of 64, fewer in large stores;
 *          2. of these, pairs whose fingerprints are close; 3. of these, pairs whose pixels are alike (likeness.ts).
 * Left out images of one value, images of one patient, and pairs whose pixels are equal, which are found more cheaply.
 * Across   stores, when they keep images by the same recipe: cut or padded differently they are not recognised.
 * Cost     every image is read once, the likeliest 20,000 pairs once more. 93 bytes an image in memory, and 32 MiB.
 */

import { countedWork, type RunListener } from "@medssl/contract";
import type { Image } from "@medssl/imaging";
import { readCase } from "../store/case-pixels.ts";
import type { Pixels } from "../store/npy-file.ts";
import { affordableDistance, visitNearPairs } from "./hamming-pairs.ts";
import { indexImages, MAX_ENTRIES, mirror, type Turn } from "./image-index.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";
import { differentBits, likeness, SAME_BITS, SAME_LIKENESS } from "./likeness.ts";

const MAX_COMPARISONS = 1e10;
const MAX_CANDIDATES = 4e6;
const MAX_CHECKED = 20_000;

/** Two images of one slice, or two volumes by those of their slices that are most alike. */
export interface NearPair {
  /** Row numbers of `images`. */
  readonly one: number;
  readonly other: number;
  readonly likeness: number;
  /** Whether they are alike when one of them is mirrored. */
  readonly isMirrored: boolean;
  /** Pairs of their slices that are alike. */
  readonly slices: number;
}

export const likenessText = ({ likeness, isMirrored, slices }: Omit<NearPair, "one" | "other">): string =>
  `likeness ${likeness.toFixed(2)}${isMirrored ? ", mirrored" : ""}${slices > 1 ? `, ${slices} pairs of slices` : ""}`;

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
  const index = indexImages(catalog, condition, listen);
  const { rows, turns, patients, pixels, fingerprints } = index;
  const maxHashBits = affordableDistance(index, MAX_COMPARISONS);
  const candidates = new Float64Array(MAX_CANDIDATES);
  let numCandidates = 0;
  visitNearPairs(index, maxHashBits, (a, b) => {
    if (patients[a] === patients[b]) return;
    const [plain, turned] = turns[a]! <= turns[b]! ? [a, b] : [b, a];
    // Two mirrored images are alike when the images are; an image and a mirrored one are met twice.
    if (turns[plain] !== 0 || (turns[turned] !== 0 && rows[plain]! > rows[turned]!)) return;
    if (turns[turned] === 0 && pixels[a] === pixels[b]) return;
    const bits = differentBits(fingerprints, a, b);
    if (bits > SAME_BITS) return;
    // Pairs beyond the limit are counted, not kept. In one number: closest pairs first, then the two entries.
    if (numCandidates < MAX_CANDIDATES) {
      candidates[numCandidates] = (bits * MAX_ENTRIES + plain) * MAX_ENTRIES + turned;
    }
    numCandidates++;
  });
  const chosen = candidates.subarray(0, numCandidates).sort().subarray(0, MAX_CHECKED);
  const progress = countedWork("compare pairs that look alike", chosen.length, listen);
  const pairs = new Map<string, NearPair>();
  for (const candidate of chosen) {
    const turned = candidate % MAX_ENTRIES;
    const plain = ((candidate - turned) / MAX_ENTRIES) % MAX_ENTRIES;
    const turn = turns[turned] as Turn;
    const [a, b] = [imageOf(catalog, rows[plain]!), imageOf(catalog, rows[turned]!)];
    const value = likeness(pixelsOf(catalog, a), turnedPixels(pixelsOf(catalog, b), turn));
    if (value >= SAME_LIKENESS) {
      const [one, other] = a.number < b.number ? [a, b] : [b, a];
      const key = JSON.stringify([one.store, one.item, other.store, other.item]);
      const known = pairs.get(key);
      const slices = (known?.slices ?? 0) + 1;
      pairs.set(
        key,
        known !== undefined && known.likeness >= value
          ? { ...known, slices }
          : { one: one.number, other: other.number, likeness: value, isMirrored: turn !== 0, slices },
      );
    }
    progress.advance();
  }
  progress.end();
  return {
    pairs: [...pairs.values()].sort((a, b) => b.likeness - a.likeness || a.one - b.one || a.other - b.other),
    images: index.numImages,
    maxHashBits,
    checkedPairs: chosen.length,
    uncheckedPairs: numCandidates - chosen.length,
  };
}

interface ImagePlace {
  readonly number: number;
  readonly item: string;
  readonly store: number;
  readonly shard: number;
  readonly row: number;
}

const imageOf = (catalog: JoinedCatalog, number: number): ImagePlace =>
  catalog.one("SELECT rowid AS number, item, store, shard, row FROM images WHERE rowid = ?", number);

const pixelsOf = (catalog: JoinedCatalog, image: ImagePlace) =>
  readCase(catalog.stores[image.store]!, { ...image, hasMask: false }).image;

const turnedPixels = (image: Image<Pixels>, turn: Turn): Image<Pixels> => ({
  ...image,
  data: mirror(image.data, image.width, turn),
});
