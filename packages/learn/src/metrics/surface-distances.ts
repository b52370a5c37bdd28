/**
 * Distances between the surfaces of two masks: HD95, ASSD, NSD.
 *
 * Shapes   a class box (class-box.ts) [D, H, W]; one class at a time, callers loop over labels.
 * Units    millimetres throughout. `spacingMm` is [z, y, x], the order of the axes; a picture ignores z.
 * Surface  a foreground voxel with a background face-neighbor. Outside of the volume is background, so a structure that
 *          the field of view cuts off still has a surface there. A picture's surface is its outline.
 * Empty    no distances where either mask is empty: there is nothing to measure to. What that means is the caller's to say.
 * Cost     linear in the voxels of the box: exact distance transform, no pairwise distances. The last axis is looked up
 *          for surface voxels alone, which costs at most the number of slices for each.
 * Source   Taha & Hanbury, BMC Med. Imaging 15:29 (2015); NSD: Nikolov et al., J. Med. Internet Res. 23:e26151 (2021), here
 *          with surface voxels counted, not their areas; transform: Felzenszwalb & Huttenlocher, Theory Comput. 8 (2012).
 */
import type { Vec3 } from "@medssl/imaging";
import { type ClassBox, PREDICTION, type Side, TRUTH } from "./class-box.ts";

/** Of each surface voxel of one mask the distance to the nearest one of the other, in mm. */
export interface SurfaceDistances {
  readonly fromPrediction: Float32Array;
  readonly fromTruth: Float32Array;
}

/** @returns undefined where either mask is empty. */
export function surfaceDistances(box: ClassBox, spacingMm: Vec3): SurfaceDistances | undefined {
  const surfaces = [surfaceOf(box, TRUTH), surfaceOf(box, PREDICTION)] as const;
  const [truth, prediction] = surfaces;
  if (truth.length === 0 || prediction.length === 0) return undefined;
  const planes = new Float32Array(box.data.length);
  const distances = (from: Int32Array, to: Int32Array) => {
    distancesInPlanes(planes, to, box.shape, spacingMm);
    return lookUp(planes, from, box.shape, spacingMm[0]);
  };
  return { fromPrediction: distances(prediction, truth), fromTruth: distances(truth, prediction) };
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

/** Positions in the box, in its order. */
function surfaceOf({ data, strides: [z, y] }: ClassBox, side: Side): Int32Array {
  let found = new Int32Array(1024);
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    if ((data[i]! & side) === 0) continue;
    const around = data[i - 1]! & data[i + 1]! & data[i - y]! & data[i + y]! & data[i - z]! & data[i + z]!;
    if ((around & side) !== 0) continue;
    if (count === found.length) {
      const larger = new Int32Array(2 * count);
      larger.set(found);
      found = larger;
    }
    found[count++] = i;
  }
  return found.subarray(0, count);
}

/**
 * Squared distance of each voxel to the nearest site of its own slice; Infinity in slices without one.
 *
 * @param sites In the order of the volume. @param planes Written.
 */
function distancesInPlanes(planes: Float32Array, sites: Int32Array, shape: Vec3, spacingMm: Vec3): void {
  const [depth, height, width] = shape;
  const planeSize = height * width;
  const alongX = new Float64Array(planeSize);
  const rows = new Int32Array(height);
  const envelope = {
    row: new Int32Array(height),
    height: new Float64Array(height),
    from: new Float64Array(height + 1),
  };
  let site = 0;
  for (let z = 0; z < depth; z++) {
    const start = z * planeSize;
    let numRows = 0;
    while (site < sites.length && sites[site]! < start + planeSize) {
      const y = Math.floor((sites[site]! - start) / width);
      site = distancesInRow(alongX, y * width, width, spacingMm[2], sites, site, start + y * width);
      rows[numRows++] = y;
    }
    if (numRows === 0) planes.fill(Infinity, start, start + planeSize);
    else acrossRows(planes, start, alongX, rows, numRows, height, width, spacingMm[1], envelope);
  }
}

/**
 * Squared distance of each voxel of a row to the nearest site in it.
 *
 * @param target Where the row begins in `squares`. @param site The row's first. @param start Position of the row's begin
 * @returns the first site of a later row
 */
function distancesInRow(
  squares: Float64Array,
  target: number,
  width: number,
  spacing: number,
  sites: Int32Array,
  site: number,
  start: number,
): number {
  let previous = -Infinity;
  let next = sites[site]! - start;
  for (let x = 0; x < width; x++) {
    if (x === next) {
      previous = x;
      site++;
      next = site < sites.length && sites[site]! < start + width ? sites[site]! - start : Infinity;
    }
    const steps = Math.min(x - previous, next - x) * spacing;
    squares[target + x] = steps * steps;
  }
  return site;
}

/** Parts of the lower envelope of parabolas: whose it is, how high that one's vertex lies, and from which row on. */
interface Envelope {
  readonly row: Int32Array;
  readonly height: Float64Array;
  readonly from: Float64Array;
}

/** From distances within rows to those within the plane, column by column. @param rows Those that have sites */
function acrossRows(
  planes: Float32Array,
  start: number,
  alongX: Float64Array,
  rows: Int32Array,
  numRows: number,
  height: number,
  width: number,
  spacing: number,
  { row, height: vertex, from }: Envelope,
): void {
  const square = spacing * spacing;
  for (let x = 0; x < width; x++) {
    let top = -1;
    for (let i = 0; i < numRows; i++) {
      const y = rows[i]!;
      const value = alongX[y * width + x]!;
      let begin = -Infinity;
      while (top >= 0) {
        const other = row[top]!;
        // Where the parabolas over `other` and `y` meet.
        begin = ((value - vertex[top]!) / (square * (y - other)) + y + other) / 2;
        if (begin > from[top]!) break;
        top--;
      }
      top++;
      row[top] = y;
      vertex[top] = value;
      from[top] = top === 0 ? -Infinity : begin;
    }
    from[top + 1] = Infinity;
    let part = 0;
    for (let y = 0, i = start + x; y < height; y++, i += width) {
      while (from[part + 1]! < y) part++;
      const steps = y - row[part]!;
      planes[i] = vertex[part]! + square * steps * steps;
    }
  }
}

/** Distances at some voxels, over the slices around each until these are farther than what was found. */
function lookUp(planes: Float32Array, from: Int32Array, [, height, width]: Vec3, spacing: number): Float32Array {
  const planeSize = height * width;
  const square = spacing * spacing;
  const distances = new Float32Array(from.length);
  for (let n = 0; n < from.length; n++) {
    const i = from[n]!;
    let nearest = planes[i]!;
    const [below, above] = [i, planes.length - 1 - i];
    for (let steps = 1, reach = planeSize; reach <= below || reach <= above; steps++, reach += planeSize) {
      const across = square * steps * steps;
      if (across >= nearest) break;
      if (reach <= below) nearest = Math.min(nearest, planes[i - reach]! + across);
      if (reach <= above) nearest = Math.min(nearest, planes[i + reach]! + across);
    }
    distances[n] = Math.sqrt(nearest);
  }
  return distances;
}

/** @param share 0-1 */
function percentile(values: Float32Array, share: number): number {
  const sorted = values.slice().sort();
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  return low + (place % 1) * (sorted[Math.ceil(place)]! - low);
}
