/**
 * Finds a place of one image in another: align the two, then compare the place with all places.
 *
 * Align   places all over the query image are found roughly, and a scale and a shift fitted to them; twice, since crops that
 *         show the same part of the body find more exactly.
 * Search  the crops of a finer lattice, cut from the target where they show what the query's crops show.
 * Cost    per image some 170 crops through the encoder, whatever the number of places.
 * Measured on phantoms against other ways: `npm run bench -- regions`, docs/regions.md.
 */

import type { Place } from "@medssl/imaging";
import { noGrad, scope, type Tensor } from "@medssl/torch";
import { type Alignment, alignPlace, composeAlignments, fitAlignment, type Match, UNALIGNED } from "./alignment.ts";
import { type CropLattice, cropLattice, embedLattice } from "./crop-lattice.ts";
import { findPeaks, type Peak } from "./peaks.ts";
import type { PlaceEncoder } from "./place-encoder.ts";
import { type SimilarityMap, similarityMap } from "./similarity-map.ts";

/** Pre-training cuts crops of 35% of the area and more: of a side of 0.6. */
const CROP_SIDE = 0.6;
const ROUGH: CropLattice = cropLattice(CROP_SIDE, 0.1, 0);
const FINE: CropLattice = cropLattice(CROP_SIDE, 0.05, 1);
const ROUGH_SIZE = 32;
/** Cells of a map along each axis. */
const FINE_SIZE = 64;
const ALIGNING_ROUNDS = 2;
/** Where images are matched to align them, along each axis: away from what a film may cut off. */
const MATCHED = Array.from({ length: 6 }, (_, i) => 0.14 + (0.72 * i) / 5);
const MATCHED_PLACES: readonly Place[] = MATCHED.flatMap((y) => MATCHED.map((x) => ({ x, y })));
/** Places nearer than this count as one. */
const DISTINCT = 0.12;

export interface DescribedImage {
  readonly rough: Tensor;
  readonly fine: Tensor;
}

/** What is searched for: an image, seen once for all its places. @param image Grey values of 0-1 [1, 1, H, W] */
export function describeImage(encoder: PlaceEncoder, image: Tensor): DescribedImage {
  return noGrad(() => ({
    rough: embedLattice(encoder, image, ROUGH, UNALIGNED),
    fine: embedLattice(encoder, image, FINE, UNALIGNED),
  }));
}

export interface FoundPlace {
  /** In the target, the most similar first; may lie beyond its edge, where the query shows more of the body. */
  readonly peaks: readonly Peak[];
  /** Over the query's frame; `alignment` brings it to the target. */
  readonly map: SimilarityMap;
  readonly alignment: Alignment;
}

/** Finds places of the query in the target image [1, 1, H, W]. @param count Peaks of each place, at most */
export function findPlaces(
  encoder: PlaceEncoder,
  query: DescribedImage,
  target: Tensor,
  places: readonly Place[],
  count: number,
): FoundPlace[] {
  return noGrad(() =>
    scope(() => {
      const alignment = align(encoder, query, target);
      const fine = embedLattice(encoder, target, FINE, alignment);
      return places.map((place) => {
        const map = similarityMap(query.fine, fine, FINE, encoder.gridSize, place, FINE_SIZE);
        const peaks = findPeaks(map, count, DISTINCT).map((peak) => ({ ...peak, ...alignPlace(alignment, peak) }));
        return { peaks, map, alignment };
      });
    }),
  );
}

function align(encoder: PlaceEncoder, query: DescribedImage, target: Tensor): Alignment {
  let alignment = UNALIGNED;
  for (let round = 0; round < ALIGNING_ROUNDS; round++) {
    const rough = embedLattice(encoder, target, ROUGH, alignment);
    const matches: Match[] = MATCHED_PLACES.flatMap((place) => {
      const map = similarityMap(query.rough, rough, ROUGH, encoder.gridSize, place, ROUGH_SIZE);
      return findPeaks(map, 1, 0).map((target) => ({ query: place, target }));
    });
    alignment = composeAlignments(alignment, fitAlignment(matches));
  }
  return alignment;
}
