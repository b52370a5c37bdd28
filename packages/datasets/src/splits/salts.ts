/**
 * Whether patients of several stores can be compared. Names that are a user's own become hashes with the store's salt: one
 * person has two hashes in two stores of different salts, and is on both sides of a split before anybody knows.
 *
 * Published  data sets are hashed alike everywhere and compare with all stores. Which images are a user's own is told by
 *            what they are called in the catalog: a hash, of 20 hex digits.
 * Errors     `ERR_SALTS_DIFFER`
 */

import { MedsslError } from "@medssl/contract";
import type { Store } from "../store/store.ts";

const HAS_OWN_PATIENTS = `SELECT 1 FROM cases WHERE is_patient_known = 1
  AND length(item) - instr(item, '/') = 20 AND substr(item, instr(item, '/') + 1) NOT GLOB '*[^0-9a-f]*' LIMIT 1`;

/** Stores with known patients of a user's own, where these have different salts; else none. */
export function storesOfDifferentSalts(stores: readonly Store[]): Store[] {
  const areDifferent = (some: readonly Store[]) => new Set(some.map(({ info }) => info.salt)).size > 1;
  if (!areDifferent(stores)) return [];
  const own = stores.filter((store) => store.query(HAS_OWN_PATIENTS).length > 0);
  return areDifferent(own) ? own : [];
}

/** What is wrong with them, as a sentence without its end. */
export const saltsDifferText = (stores: readonly Store[]): string =>
  `patients of ${stores.map(({ dir }) => dir).join(" and ")} cannot be compared: these stores have different salts`;

/** @throws {MedsslError} `ERR_SALTS_DIFFER` when one person may have two names in the stores. */
export function checkSalts(stores: readonly Store[]): void {
  const different = storesOfDifferentSalts(stores);
  if (different.length === 0) return;
  throw new MedsslError("ERR_SALTS_DIFFER", saltsDifferText(different), {
    hint:
      "Ingest them with the same --salt-file, so that a patient of both is one. If nobody is in both: medssl split" +
      " --assume-independent, and give its file with --split.",
  });
}
