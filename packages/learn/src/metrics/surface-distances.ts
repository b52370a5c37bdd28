/**
 * Distances between the surfaces of two masks: HD95, ASSD, NSD.
 *
 * Shapes   a class box (class-box.ts) [D, H, W]; one class at a time, callers loop over labels.
 * Units    millimetres throughout. `spacingMm` is [z, y, x], the order of the axes; a picture ignores z.
 * Surface  a foreground voxel with a background face-neighbor. Outside of the volume is background, so a structure that
 *          the field of view cuts off still has a surface there. A picture's surface is its outline.
 * Empty    no distances where either mask is empty: there is nothing to measure to. What that means is the caller's to say.
 * Cost     linear in the voxels of the box (site-distances.ts): exact, no pairwise distances.
 * Source   Taha & Hanbury, BMC Med. Imaging 15:29 (2015); NSD: Nikolov et al., J. Med. Internet Res. 23:e26151 (2021), here
 *          with surface voxels counted, not their areas.
 */
import type { Vec3 } from "@medssl/imaging";
import { type ClassBox, classBox, PREDICTION, TRUTH } from "./class-box.ts";
import { labelRegions } from "./label-regions.ts";
import { SiteDistances } from "./site-distances.ts";

/** Of each surface voxel of one mask the distance to the nearest one of the other, in mm. */
export interface SurfaceDistances {
  readonly fromPrediction: Float32Array;
  readonly fromTruth: Float32Array;
}

/** @returns undefined where either mask is empty. */
export function surfaceDistances(box: ClassBox, spacingMm: Vec3): SurfaceDistances | undefined {
  const [truth, prediction] = surfacesOf(box);
  if (truth.length === 0 || prediction.length === 0) return undefined;
  const transform = new SiteDistances(box.shape, spacingMm);
  return { fromPrediction: transform.distances(prediction, truth), fromTruth: transform.distances(truth, prediction) };
}

/** The same of two label maps [D, H, W]. @param value Of the class */
export function distancesBetween(
  truth: Uint8Array,
  prediction: Uint8Array,
  grid: { readonly shape: Vec3; readonly spacingMm: Vec3; readonly value: number },
): SurfaceDistances | undefined {
  const { box } = labelRegions(truth, prediction, grid.shape)(grid.value);
  return box && surfaceDistances(classBox(truth, prediction, grid.shape, box, grid.value), grid.spacingMm);
}

/**
 * The symmetric 95th-percentile Hausdorff distance, in mm.
 *
 * The percentile is taken in each direction, between two values in proportion as numpy's, and the larger one is returned.
 * Pooling both directions first, as some toolkits do, never gives a larger number: say which one you mean before
 * comparing with a paper.
 */
export function hd95({ fromPrediction, fromTruth }: SurfaceDistances): number {
  return Math.max(percentile(fromPrediction, 0.95), percentile(fromTruth, 0.95));
}

/** The average symmetric surface distance, in mm: the mean over the voxels of both surfaces together. */
export function assd({ fromPrediction, fromTruth }: SurfaceDistances): number {
  let sum = 0;
  for (const distance of fromPrediction) sum += distance;
  for (const distance of fromTruth) sum += distance;
  return sum / (fromPrediction.length + fromTruth.length);
}

/** Distances are squares, sums and roots in floating point: equal to the tolerance is within it. */
const ROUNDING = 1e-6;

/** The normalized surface distance: the share of both surfaces that lies within the tolerance of the other, 0-1. */
export function nsd({ fromPrediction, fromTruth }: SurfaceDistances, toleranceMm: number): number {
  const limit = toleranceMm * (1 + ROUNDING);
  let within = 0;
  for (const distance of fromPrediction) if (distance <= limit) within++;
  for (const distance of fromTruth) if (distance <= limit) within++;
  return within / (fromPrediction.length + fromTruth.length);
}

/** Positions of both surfaces in the box, in its order: four voxels at a time, as most words are all inside or outside. */
function surfacesOf({ data, strides }: ClassBox): readonly [truth: Int32Array, prediction: Int32Array] {
  const truth = new Positions();
  const prediction = new Positions();
  const words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
  const [z, y] = [strides[0] >> 2, strides[1] >> 2];
  for (let word = 1; word < words.length - 1; word++) {
    const sides = words[word]!;
    if (sides === 0) continue;
    const left = (sides << 8) | (words[word - 1]! >>> 24);
    const right = (sides >>> 8) | (words[word + 1]! << 24);
    const across = words[word - y]! & words[word + y]! & words[word - z]! & words[word + z]!;
    const open = sides & ~(left & right & across);
    if (open === 0) continue;
    for (let byte = 0; byte < 4; byte++) {
      const side = open >>> (8 * byte);
      if ((side & TRUTH) !== 0) truth.add(4 * word + byte);
      if ((side & PREDICTION) !== 0) prediction.add(4 * word + byte);
    }
  }
  return [truth.all, prediction.all];
}

/** A list that grows without an object for each number. */
class Positions {
  #values = new Int32Array(1024);
  #count = 0;

  add(position: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Int32Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = position;
  }

  get all(): Int32Array {
    return this.#values.subarray(0, this.#count);
  }
}

/** @param share 0-1 */
function percentile(values: Float32Array, share: number): number {
  const sorted = values.slice();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  sortUpTo(sorted, below);
  const low = sorted[below]!;
  let high = Infinity;
  for (let i = below + 1; i < sorted.length; i++) if (sorted[i]! < high) high = sorted[i]!;
  return below === place ? low : low + (place - below) * (high - low);
}

/** Brings what sorting would put at a place there, smaller values before it and larger ones behind it. */
function sortUpTo(values: Float32Array, place: number): void {
  let [first, last] = [0, values.length - 1];
  while (first < last) {
    const pivot = values[(first + last) >> 1]!;
    let [low, high] = [first, last];
    while (low <= high) {
      while (values[low]! < pivot) low++;
      while (values[high]! > pivot) high--;
      if (low > high) break;
      const value = values[low]!;
      values[low++] = values[high]!;
      values[high--] = value;
    }
    if (place <= high) last = high;
    else if (place >= low) first = low;
    else return;
  }
}
