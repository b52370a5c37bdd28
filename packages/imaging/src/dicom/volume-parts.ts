/**
 * Images of the same place told apart: the phases of a dynamic series, the echoes of a scan, the b values of another.
 *
 * Mark      the first, in the order of the headers' marks, whose values leave fewer images at one place, without falling
 *           apart into more parts than twice the images that share a place; then the next, until no place is shared.
 * Number    where no mark does, and all places hold equally many images, the k-th by InstanceNumber of each place.
 * Else      the first of each place stays, and the others are left out.
 */

import type { LeftOut, SourceSlice } from "./volume.ts";
import { distanceOf, samePlaceMm } from "./volume-geometry.ts";

export interface VolumePart {
  readonly slices: readonly SourceSlice[];
  readonly leftOut: readonly LeftOut[];
  /** How it was told from the others, for a report; undefined where nothing was to be told. */
  readonly mark: string | undefined;
}

/** @param slices Of one grid but for their place along the normal, which all have. */
export function separateRepeats(slices: readonly SourceSlice[]): VolumePart[] {
  const places = placesOf(slices);
  const mostAtOne = Math.max(...places.map((place) => place.length));
  if (mostAtOne === 1) return [{ slices, leftOut: [], mark: undefined }];
  for (const mark of marksOf(slices)) {
    const parts = [...Map.groupBy(slices, (slice) => markOf(slice, mark)).values()];
    const isFewer = parts.every((part) => placesOf(part).every((place) => place.length < mostAtOne));
    if (parts.length < 2 || parts.length > 2 * mostAtOne || !isFewer) continue;
    return parts.flatMap((part) => {
      const own = `images of one place told apart by ${mark}: ${markOf(part[0]!, mark) || "none"}`;
      return separateRepeats(part).map((further) => ({
        ...further,
        mark: further.mark === undefined ? own : `${own}; ${further.mark}`,
      }));
    });
  }
  return places.every((place) => place.length === mostAtOne) ? partsByNumber(places) : [firstOfEach(places)];
}

/** The slices that share a place, each list by InstanceNumber, places along the normal. */
function placesOf(slices: readonly SourceSlice[]): SourceSlice[][] {
  const sorted = slices
    .map((slice) => ({ slice, distance: distanceOf(slice.place) }))
    .sort((a, b) => a.distance - b.distance);
  const places: SourceSlice[][] = [];
  for (const [i, { slice, distance }] of sorted.entries()) {
    if (i > 0 && distance - sorted[i - 1]!.distance < samePlaceMm) places.at(-1)!.push(slice);
    else places.push([slice]);
  }
  for (const place of places) place.sort(byNumber);
  return places;
}

function byNumber(a: SourceSlice, b: SourceSlice): number {
  const number = ({ header }: SourceSlice) => header.instanceNumber ?? Number.MAX_SAFE_INTEGER;
  return number(a) - number(b) || a.frame - b.frame || (a.header.file < b.header.file ? -1 : 1);
}

/** The names of all marks; last, whether the slices are beside one another. */
function marksOf(slices: readonly SourceSlice[]): string[] {
  return [...new Set(slices.flatMap(({ place }) => Object.keys(place.marks))), sideways];
}

const sideways = "place in the plane";

function markOf({ place }: SourceSlice, mark: string): string {
  if (mark !== sideways) return place.marks[mark] ?? "";
  const [row, column] = place.directions!;
  const along = (direction: typeof row) =>
    Math.round(place.positionMm!.reduce((sum, coordinate, i) => sum + coordinate * direction[i]!, 0));
  return `${along(row)} mm, ${along(column)} mm`;
}

function partsByNumber(places: readonly (readonly SourceSlice[])[]): VolumePart[] {
  return places[0]!.map((_, k) => ({
    slices: places.map((place) => place[k]!),
    leftOut: [],
    mark: `images of one place told apart by nothing but InstanceNumber: number ${k + 1} of each`,
  }));
}

function firstOfEach(places: readonly (readonly SourceSlice[])[]): VolumePart {
  const leftOut = places.flatMap(([first, ...others]) =>
    others.map(({ header: { file } }) => ({ file, reason: `an image of the same place as ${first!.header.file}` })),
  );
  return { slices: places.map(([first]) => first!), leftOut, mark: undefined };
}
