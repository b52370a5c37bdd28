import type { Split, Store } from "@medssl/datasets";
import type { Selection } from "../data/image-set.ts";

/**
 * All images of patients who are not held out, with masks or without: a store may hold more images of theirs. Patients of an
 * official test whose masks nobody has are in no split, and are held out all the same.
 */
export function unlabeledPool(stores: readonly Store[], split: Split): Selection[] {
  const heldOut = new Set([...split.test, ...split.validation]);
  const official = new Set(split.sources.filter(({ way }) => way === "official").map(({ name }) => name));
  for (const { patient, source, split: side } of stores.flatMap((store) => store.cases)) {
    if ((side === "test" || side === "validation") && official.has(source)) heldOut.add(patient);
  }
  return stores.map((store) => ({
    store,
    cases: store.cases.filter(({ patient }) => !heldOut.has(patient)),
  }));
}

/**
 * What fine-tuning may be consistent on: the pool without the patients whose labels are used. Where these are all there are,
 * their images: without labels they teach something, too.
 *
 * @param patients Whose labels are used
 */
export function consistencyPool(stores: readonly Store[], split: Split, patients: readonly string[]): Selection[] {
  const labeled = new Set(patients);
  const all = unlabeledPool(stores, split);
  const others = all.map(({ store, cases }) => ({
    store,
    cases: cases.filter(({ patient }) => !labeled.has(patient)),
  }));
  return others.some(({ cases }) => cases.length > 0) ? others : all;
}
