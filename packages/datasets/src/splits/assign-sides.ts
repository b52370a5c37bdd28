/**
 * Which side each patient of a source gets, by chance that is fair: classes and labels keep their shares on every side.
 *
 * Shares   patients stand in one line, those of one stratum together and within it those with the same labels, shuffled;
 *          every n-th of the line is taken. So each group gives its share, to within one patient.
 * Rare     a label of at least two patients is in train and in test: patients change places until it is.
 * Chance   all of it follows from the seed and the order in which the patients come.
 */

import type { Random } from "../random.ts";
import type { Side } from "./split.ts";

export interface SplitPatient {
  readonly id: string;
  /** A class to keep the shares of; "" where there is none. */
  readonly stratum: string;
  /** Labels that occur in the patient's masks. */
  readonly labels: ReadonlySet<string>;
}

export type Sides = Map<string, Side>;

/** The sides of a source's patients. */
export function assignSides(
  patients: readonly SplitPatient[],
  numTest: number,
  numValidation: number,
  random: Random,
): Sides {
  const test = pickEvenly(patients, numTest, random);
  const rest = patients.filter((patient) => !test.has(patient));
  const validation = pickEvenly(rest, numValidation, random);
  const side = (patient: SplitPatient): Side =>
    test.has(patient) ? "test" : validation.has(patient) ? "validation" : "train";
  return new Map(patients.map((patient) => [patient.id, side(patient)]));
}

/** `count` of the patients, of each stratum and set of labels its share. */
export function pickEvenly(patients: readonly SplitPatient[], count: number, random: Random): Set<SplitPatient> {
  const groups = Map.groupBy(patients, ({ stratum, labels }) => JSON.stringify([stratum, ...[...labels].sort()]));
  const line = [...groups.keys()].sort().flatMap((key) => random.shuffle(groups.get(key)!));
  const start = random.next();
  const reached = (i: number) => Math.floor((i * count) / line.length + start);
  return new Set(line.filter((_, i) => reached(i + 1) > reached(i)));
}

/**
 * Lets patients of train and test change places, within their sources, until each label of at least two patients is on
 * both sides. A label of which all patients have an official side stays as it is.
 *
 * @param groups The patients of each source whose sides were drawn.
 */
export function spreadRareLabels(groups: readonly (readonly SplitPatient[])[], sideOf: Sides): void {
  const numOn = new Map<string, number>();
  const key = (label: string, side: Side) => `${side} ${label}`;
  const count = ({ labels }: SplitPatient, side: Side, by: number) => {
    for (const label of labels) numOn.set(key(label, side), (numOn.get(key(label, side)) ?? 0) + by);
  };
  for (const patient of groups.flat()) count(patient, sideOf.get(patient.id)!, 1);
  const on = (label: string, side: Side) => numOn.get(key(label, side)) ?? 0;
  const labels = [...new Set(groups.flat().flatMap((patient) => [...patient.labels]))];
  const total = (label: string) => on(label, "train") + on(label, "test");
  for (const label of labels.sort((a, b) => total(a) - total(b) || compare(a, b))) {
    const [from, to]: [Side, Side] = on(label, "test") === 0 ? ["train", "test"] : ["test", "train"];
    if (on(label, to) > 0 || on(label, from) < 2) continue;
    swap: for (const patients of groups) {
      const movers = patients.filter(({ id, labels }) => sideOf.get(id) === from && labels.has(label));
      const others = patients.filter(({ id }) => sideOf.get(id) === to);
      for (const mover of movers) {
        for (const other of others) {
          const loses = (one: SplitPatient, side: Side, incoming: SplitPatient) =>
            [...one.labels].some((name) => on(name, side) === 1 && !incoming.labels.has(name));
          if (loses(mover, from, other) || loses(other, to, mover)) continue;
          count(mover, from, -1);
          count(mover, to, 1);
          count(other, to, -1);
          count(other, from, 1);
          sideOf.set(mover.id, to);
          sideOf.set(other.id, from);
          break swap;
        }
      }
    }
  }
}

/** Whole shares of `total` in proportion to the sizes: rounded down, the rest to the largest remainders. */
export function apportion(sizes: readonly number[], total: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * total) / all);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = exact.map((share, i) => ({ i, rest: share % 1 })).sort((a, b) => b.rest - a.rest || a.i - b.i);
  for (const { i } of byRemainder.slice(0, missing)) shares[i]! += 1;
  return shares;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
