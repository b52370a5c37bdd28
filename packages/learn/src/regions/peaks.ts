/**
 * The most similar places of a map, between its cells where the map is smooth.
 *
 * Units   places in sides of the map; its cells' middles are at (i + 0.5) / size.
 * Fit     a parabola through a peak and its two neighbours on each axis.
 */
import type { Place } from "@medssl/imaging";
import { type SimilarityMap, UNSEEN } from "./similarity-map.ts";

export interface Peak extends Place {
  /** Mean cosine similarity, -1..1. */
  readonly similarity: number;
}

/**
 * Local maxima, the most similar first.
 *
 * @param count At most so many.
 * @param distance A place nearer than this to a better one is not told.
 */
export function findPeaks(map: SimilarityMap, count: number, distance: number): Peak[] {
  const { size, values } = map;
  const best = [...values.keys()]
    .filter((cell) => values[cell]! !== UNSEEN && isLocalMaximum(map, cell))
    .sort((a, b) => values[b]! - values[a]!);
  const peaks: Peak[] = [];
  for (const cell of best) {
    const place = peakAt(map, cell % size, Math.floor(cell / size));
    if (peaks.some((peak) => Math.hypot(peak.x - place.x, peak.y - place.y) < distance)) continue;
    peaks.push(place);
    if (peaks.length === count) break;
  }
  return peaks;
}

function isLocalMaximum({ size, values }: SimilarityMap, cell: number): boolean {
  const [x, y] = [cell % size, Math.floor(cell / size)];
  for (let row = Math.max(0, y - 1); row <= Math.min(size - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(size - 1, x + 1); column++) {
      if (values[row * size + column]! > values[cell]!) return false;
    }
  }
  return true;
}

function peakAt({ size, values }: SimilarityMap, x: number, y: number): Peak {
  const cell = y * size + x;
  const along = (position: number, step: number) =>
    position === 0 || position === size - 1 ? 0 : summit(values[cell - step]!, values[cell]!, values[cell + step]!);
  return {
    x: (x + 0.5 + along(x, 1)) / size,
    y: (y + 0.5 + along(y, size)) / size,
    similarity: values[cell]!,
  };
}

/** Where the parabola through values at -1, 0 and 1 is highest, if that is near the middle one. */
function summit(before: number, middle: number, after: number): number {
  const bend = before - 2 * middle + after;
  return before !== UNSEEN && after !== UNSEEN && bend < 0
    ? Math.max(-0.5, Math.min(0.5, (before - after) / (2 * bend)))
    : 0;
}
