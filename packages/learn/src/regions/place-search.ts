/**
 * Finds a place of one image in another: align the two, then compare the place with all places.
 *
 * Align   places all over the query image are found in the target, and a scale and a shift fitted to them; twice, since crops
 *         that show the same part of the body find more exactly.
 * Search  crops cut from the target where they show what the query's crops show; a place that is far from where the alignment
 *         has it must be the more alike.
 * Cost    of each target some 360 crops through the encoder, whatever the number of places.
 * Measured `npm run bench -- regions`; what else was tried is in docs/regions.md.
 */
import type { Place } from "@medssl/imaging";
import { noGrad, scope, type Tensor } from "@medssl/torch";
import { type Alignment, alignPlace, composeAlignments, fitAlignment, type Match, UNALIGNED } from "./alignment.ts";
import { type CropLattice, cropLattice, embedLattice } from "./crop-lattice.ts";
import { findPeaks, type Peak } from "./peaks.ts";
import type { PlaceEncoder } from "./place-encoder.ts";
import { type SimilarityMap, similarityMap, UNSEEN } from "./similarity-map.ts";

/** Pre-training cuts crops of 35% of the area and more: of a side of 0.6. */
const CROP_SIDE = 0.6;
/** Crops begin this far apart, and also one step beyond the edges: patches come to lie on all of the image. */
const LATTICE: CropLattice = cropLattice(CROP_SIDE, 0.05, 1);
/** Cells of a map along each axis. */
const MAP_SIZE = 64;
const ALIGNING_ROUNDS = 2;
/** Where images are matched to align them, along each axis: away from what a film may cut off. */
const MATCHED = Array.from({ length: 6 }, (_, i) => 0.14 + (0.72 * i) / 5);
const MATCHED_PLACES: readonly Place[] = MATCHED.flatMap((y) => MATCHED.map((x) => ({ x, y })));
/** What a place loses in similarity, by the square of how far it is from where the alignment has it, in image sides. */
const SURPRISE = 8;
/** Places nearer than this count as one. */
const DISTINCT = 0.12;

/** What is searched for, seen once for all its places. @param image Grey values of 0-1 [1, 1, H, W] */
export const describeImage = (encoder: PlaceEncoder, image: Tensor): Tensor =>
  embedLattice(encoder, image, LATTICE, UNALIGNED);

export interface FoundPlace {
  /** In the target, the most similar first; may lie beyond its edge, where the query shows more of the body. */
  readonly peaks: readonly Peak[];
  /** Similarity alone, over the query's frame; `alignment` brings it to the target. */
  readonly map: SimilarityMap;
  readonly alignment: Alignment;
}

/**
 * Finds places of the query in the target image [1, 1, H, W].
 *
 * @param query As `describeImage` has it. @param count Peaks of each place, at most.
 */
export function findPlaces(
  encoder: PlaceEncoder,
  query: Tensor,
  target: Tensor,
  places: readonly Place[],
  count: number,
): FoundPlace[] {
  return noGrad(() =>
    scope(() => {
      let alignment = UNALIGNED;
      let seen = describeImage(encoder, target);
      const mapOf = (place: Place) => similarityMap(query, seen, LATTICE, encoder.gridSize, place, MAP_SIZE);
      for (let round = 0; round < ALIGNING_ROUNDS; round++) {
        const matches: Match[] = MATCHED_PLACES.flatMap((place) =>
          findPeaks(mapOf(place), 1, 0).map((found) => ({ query: place, target: found })),
        );
        alignment = composeAlignments(alignment, fitAlignment(matches));
        seen = embedLattice(encoder, target, LATTICE, alignment);
      }
      return places.map((place) => {
        const map = mapOf(place);
        const peaks = findPeaks(lessSurprising(map, place), count, DISTINCT).map((peak) => ({
          ...alignPlace(alignment, peak),
          similarity: map.values[Math.floor(peak.y * map.size) * map.size + Math.floor(peak.x * map.size)]!,
        }));
        return { peaks, map, alignment };
      });
    }),
  );
}

/** @param place Where it is expected. */
function lessSurprising({ size, values }: SimilarityMap, place: Place): SimilarityMap {
  const penalized = values.map((similarity, i) => {
    const [dx, dy] = [((i % size) + 0.5) / size - place.x, (Math.floor(i / size) + 0.5) / size - place.y];
    return similarity === UNSEEN ? UNSEEN : similarity - SURPRISE * (dx * dx + dy * dy);
  });
  return { size, values: penalized };
}
