/**
 * Which of a pool to take, so that few stand for all: typical ones of different kinds.
 *
 * Method     the pool falls into as many clusters as will have been annotated; those that no annotated item covers come first,
 *            the largest of them first, and each gives its most typical member: the one nearest to its center. Diverse by the
 *            clusters, and no outlier is taken, which is what few labels can least afford.
 * Uncertain  where a model says how unsure it is of each item, only the most uncertain ones are clustered, and each cluster
 *            gives its most uncertain one: unsure, yet not the same difficulty many times.
 * Groups     items of one group (a patient) are taken twice only when no other is left.
 * Source     the idea and the order of the clusters: Hacohen, Dekel & Weinshall, "Active learning on a budget: opposite strategies suit high and low
 *            budgets" (2022). There the typical one has the nearest neighbours; the nearest to the center did better in our probes.
 */
import type { Random } from "@medssl/datasets";
import { cluster, countOf, squaredDistance, type Vectors } from "./clusters.ts";

export interface ChooseOptions {
  readonly count: number;
  /** What belongs together, for each item. */
  readonly groups: readonly string[];
  /** Positions that are annotated already: never chosen, and their kind is covered. */
  readonly annotated: readonly number[];
  /** How unsure a model is of each item. */
  readonly uncertainty?: readonly number[] | undefined;
  readonly random: Random;
}

export interface Choice {
  /** Position in the vectors. */
  readonly index: number;
  /** Items of its kind that are not annotated, itself among them; nearest first. */
  readonly standsFor: readonly number[];
  /** 1 / (1 + distance to the center of its kind): the higher, the more typical. */
  readonly typicality: number;
  /** Annotated items of its kind. */
  readonly annotatedBeside: number;
}

/** Clusters have this many members on average at least, where that leaves enough of them. */
const MEMBERS = 5;
/** Uncertain items that are clustered, for each that is asked for. */
const CANDIDATES = 5;

/** @returns As many as asked for, or all that are not annotated; the kinds that matter most first. */
export function choose(vectors: Vectors, options: ChooseOptions): Choice[] {
  const { count, groups, random, uncertainty } = options;
  const annotated = new Set(options.annotated);
  const all = Array.from({ length: countOf(vectors) }, (_, i) => i);
  const free = all.filter((i) => !annotated.has(i));
  const pool =
    uncertainty === undefined
      ? all
      : free.toSorted((a, b) => uncertainty[b]! - uncertainty[a]!).slice(0, Math.max(CANDIDATES * count, MEMBERS));
  const covering = uncertainty === undefined ? annotated.size : 0;
  const most = Math.max(count, Math.floor(pool.length / MEMBERS));
  const numClusters = Math.min(pool.length, count + covering, most);
  const clusterOf = cluster(rows(vectors, pool), numClusters, random);
  const kinds = Array.from({ length: numClusters }, (_, k) => {
    const members = pool.filter((_, i) => clusterOf[i] === k);
    const open = members.filter((i) => !annotated.has(i));
    return { open: ranked(vectors, { open, members }, uncertainty), covered: members.length - open.length };
  })
    .filter(({ open }) => open.length > 0)
    .sort((a, b) => a.covered - b.covered || b.open.length - a.open.length);

  const choices: Choice[] = [];
  const [taken, takenGroups] = [new Set<number>(), new Set<string>()];
  // A second round of the kinds where there are fewer of them than asked for; groups again when no other is left.
  for (const mayRepeatGroup of [false, true]) {
    let hasFound = true;
    while (choices.length < count && hasFound) {
      hasFound = false;
      for (const { open, covered } of kinds) {
        const next = open.find(
          ({ index }) => !taken.has(index) && (mayRepeatGroup || !takenGroups.has(groups[index]!)),
        );
        if (next === undefined || choices.length === count) continue;
        hasFound = true;
        taken.add(next.index);
        takenGroups.add(groups[next.index]!);
        const standsFor = nearestFirst(
          vectors,
          next.index,
          open.map(({ index }) => index),
        );
        choices.push({ ...next, standsFor, annotatedBeside: covered });
      }
    }
  }
  return choices;
}

/** The members of a cluster, the best one first: the most uncertain, or without a model the most typical. */
function ranked(
  vectors: Vectors,
  { open, members }: { readonly open: readonly number[]; readonly members: readonly number[] },
  uncertainty: readonly number[] | undefined,
): { index: number; typicality: number }[] {
  const { values, size } = vectors;
  const center = new Float64Array(size);
  for (const index of members) {
    for (let d = 0; d < size; d++) center[d]! += values[index * size + d]! / members.length;
  }
  const typical = open.map((index) => {
    const distance = Math.sqrt(squaredDistance(values, index * size, center, 0, size));
    return { index, typicality: 1 / (1 + distance) };
  });
  return typical.sort((a, b) =>
    uncertainty === undefined
      ? b.typicality - a.typicality || a.index - b.index
      : uncertainty[b.index]! - uncertainty[a.index]! || a.index - b.index,
  );
}

/** Items by their distance to one, itself first. */
export function nearestFirst({ values, size }: Vectors, index: number, others: readonly number[]): number[] {
  const distances = new Map(
    others.map((other) => [other, squaredDistance(values, index * size, values, other * size, size)]),
  );
  return others.toSorted((a, b) => (a === index ? -1 : b === index ? 1 : distances.get(a)! - distances.get(b)!));
}

export function rows({ values, size }: Vectors, indices: readonly number[]): Vectors {
  const some = new Float32Array(indices.length * size);
  for (const [i, index] of indices.entries()) some.set(values.subarray(index * size, (index + 1) * size), i * size);
  return { values: some, size };
}
