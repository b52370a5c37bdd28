import type { Split, Store } from "@medssl/datasets";
import type { Selection } from "../data/image-set.ts";

/**
 * All images of patients who are not held out, with masks or without: a store may hold more images of theirs. Patients of an
 * official test whose masks nobody has are in no split, and are held out all the same.
 *
 * @param without Patients who are left out as well.
 */
export function unlabeledPool(stores: readonly Store[], split: Split, without: Iterable<string> = []): Selection[] {
  const heldOut = new Set([...split.test, ...split.validation, ...without]);
  const official = new Set(split.sources.filter(({ way }) => way === "official").map(({ name }) => name));
  for (const { patient, source, split: side } of stores.flatMap((store) => store.cases)) {
    if ((side === "test" || side === "validation") && official.has(source)) heldOut.add(patient);
  }
  return stores.map((store) => ({
    store,
    cases: store.cases.filter(({ patient }) => !heldOut.has(patient)),
  }));
}
