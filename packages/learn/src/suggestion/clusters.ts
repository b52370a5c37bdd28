/**
 * K-means over vectors: into how many kinds a pool of images falls.
 *
 * Shapes   `values` are rows of `size` numbers, one row a vector.
 * Start    k-means++, seeded: the same vectors and seed give the same clusters on every machine. Best of `STARTS` starts.
 * Empty    a cluster that loses its last vector takes the one that is farthest from its center.
 * Cost     vectors x clusters x size for each of at most `ROUNDS` rounds.
 * Source   Lloyd (1982); Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding" (2007).
 */
import type { Random } from "@medssl/datasets";

export interface Vectors {
  readonly values: Float32Array;
  /** Numbers in a vector. */
  readonly size: number;
}

const STARTS = 5;
const ROUNDS = 50;

export const countOf = ({ values, size }: Vectors): number => values.length / size;

/** @returns For each vector its cluster, 0 to `numClusters` - 1; none is empty unless vectors are equal. */
export function cluster(vectors: Vectors, numClusters: number, random: Random): Int32Array {
  let best: { readonly clusterOf: Int32Array; readonly cost: number } | undefined;
  for (let start = 0; start < STARTS; start++) {
    const found = lloyd(vectors, firstCenters(vectors, numClusters, random));
    if (best === undefined || found.cost < best.cost) best = found;
  }
  return best!.clusterOf;
}

/** Each next center is a vector drawn with the square of its distance to the nearest center as its weight. */
function firstCenters(vectors: Vectors, numClusters: number, random: Random): Float64Array {
  const { values, size } = vectors;
  const count = countOf(vectors);
  const centers = new Float64Array(numClusters * size);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(count);
  for (let k = 0; k < numClusters; k++) {
    centers.set(values.subarray(chosen * size, (chosen + 1) * size), k * size);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(values, i * size, centers, k * size, size));
      sum += nearest[i]!;
    }
    let left = random.next() * sum;
    chosen = nearest.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    if (chosen < 0) chosen = random.integer(count);
  }
  return centers;
}

function lloyd(vectors: Vectors, centers: Float64Array): { clusterOf: Int32Array; cost: number } {
  const { values, size } = vectors;
  const [count, numClusters] = [countOf(vectors), centers.length / size];
  const clusterOf = new Int32Array(count).fill(-1);
  const distances = new Float64Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    let hasMoved = false;
    for (let i = 0; i < count; i++) {
      let [best, bestDistance] = [0, Number.POSITIVE_INFINITY];
      for (let k = 0; k < numClusters; k++) {
        const distance = squaredDistance(values, i * size, centers, k * size, size);
        if (distance < bestDistance) [best, bestDistance] = [k, distance];
      }
      hasMoved ||= clusterOf[i] !== best;
      clusterOf[i] = best;
      distances[i] = bestDistance;
    }
    if (!hasMoved) break;
    moveCenters(vectors, clusterOf, distances, centers);
  }
  return { clusterOf, cost: distances.reduce((sum, distance) => sum + distance, 0) };
}

function moveCenters({ values, size }: Vectors, clusterOf: Int32Array, distances: Float64Array, centers: Float64Array) {
  const numClusters = centers.length / size;
  const counts = new Int32Array(numClusters);
  centers.fill(0);
  for (const [i, k] of clusterOf.entries()) {
    counts[k]!++;
    for (let d = 0; d < size; d++) centers[k * size + d]! += values[i * size + d]!;
  }
  for (let k = 0; k < numClusters; k++) {
    if (counts[k] === 0) {
      const farthest = distances.indexOf(Math.max(...distances));
      distances[farthest] = 0;
      centers.set(values.subarray(farthest * size, (farthest + 1) * size), k * size);
    } else {
      for (let d = 0; d < size; d++) centers[k * size + d]! /= counts[k]!;
    }
  }
}

/** Between a row of `a` that begins at `from` and one of `b` that begins at `to`. */
export function squaredDistance(
  a: Float32Array | Float64Array,
  from: number,
  b: Float32Array | Float64Array,
  to: number,
  size: number,
): number {
  let sum = 0;
  for (let d = 0; d < size; d++) {
    const difference = a[from + d]! - b[to + d]!;
    sum += difference * difference;
  }
  return sum;
}
