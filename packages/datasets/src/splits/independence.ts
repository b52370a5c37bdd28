/**
 * Whether images of unknown patients may be split as if each were of a patient of its own. They may not when they look
 * related: images of one patient on both sides of a split make every result too good.
 *
 * Evidence   two images are the same picture or nearly so (near-duplicates.ts); or most file names are a few beginnings
 *            with running numbers, as slices of a volume or visits of a patient are numbered. Names are looked up in
 *            the store's folder `private/`, where it is there.
 * Errors     `ERR_SPLIT_UNKNOWN_PATIENTS`
 */

import { MedsslError, type RunListener } from "@medssl/contract";
import { JoinedCatalog } from "../inspect/joined-catalog.ts";
import { findNearDuplicates } from "../inspect/near-duplicates.ts";
import { readPrivateNotes } from "../inspect/private-notes.ts";
import type { Store } from "../store/store.ts";

/** @throws {MedsslError} `ERR_SPLIT_UNKNOWN_PATIENTS` */
export function checkIndependence(stores: readonly Store[], onlyMasked: boolean, listen: RunListener = () => {}): void {
  const catalog = new JoinedCatalog(stores);
  try {
    const unknown = `is_patient_known = 0 ${onlyMasked ? "AND has_mask = 1" : ""}`;
    const evidence = [...sharedPictures(catalog, unknown, listen), ...sharedNames(catalog, unknown)];
    if (evidence.length === 0) return;
    const { images, sources } = catalog.one<{ images: number; sources: string }>(
      `SELECT count(*) AS images, group_concat(DISTINCT sources.name) AS sources
       FROM images JOIN sources ON source = sources.number WHERE ${unknown}`,
    );
    throw new MedsslError(
      "ERR_SPLIT_UNKNOWN_PATIENTS",
      `nobody says whose the ${images} images of ${sources.replaceAll(",", ", ")} are, and they look related: ${evidence.join("; ")}`,
      {
        hint:
          "Say who is who when you ingest: --patient-pattern '^(p[0-9]+)_', or a cases.csv with a column patient. If every" +
          " image is of another person: medssl split --assume-independent, and give its file with --split.",
      },
    );
  } finally {
    catalog.close();
  }
}

function* sharedPictures(catalog: JoinedCatalog, unknown: string, listen: RunListener): Generator<string> {
  const { pictures } = catalog.one<{ pictures: number }>(
    `SELECT count(*) AS pictures FROM (SELECT 1 FROM images WHERE ${unknown} AND high > low
     GROUP BY pixel_hash HAVING count(DISTINCT patient) > 1)`,
  );
  if (pictures > 0) yield `${pictures === 1 ? "a picture is" : `${pictures} pictures are`} there more than once`;
  const { pairs } = findNearDuplicates(catalog, listen, unknown);
  if (pairs.length === 0) return;
  const [id, other] = [pairs[0]!.one, pairs[0]!.other].map(
    (number) => catalog.one<{ id: string }>("SELECT id FROM images WHERE rowid = ?", number).id,
  );
  yield `${id} and ${other} are nearly the same picture${pairs.length > 1 ? `, and ${pairs.length - 1} other pairs` : ""}`;
}

/** Beginnings of names are evidence when they cover half of the images, and there are as many as classes are not. */
const MIN_SHARE = 0.5;
const MIN_GROUPS = 5;
const MIN_NUMBERED_GROUPS = 2;

function* sharedNames(catalog: JoinedCatalog, unknown: string): Generator<string> {
  const names: string[] = [];
  for (const [number, store] of catalog.stores.entries()) {
    const items = catalog.all<{ item: string }>(`SELECT item FROM images WHERE ${unknown} AND store = ?`, number);
    const wanted = new Set(items.map(({ item }) => item));
    for (const { item, file } of readPrivateNotes<{ item: string; file: string }>(
      store,
      "SELECT item, file FROM items",
    )) {
      if (wanted.has(item)) names.push(file);
    }
  }
  const related = relatedNames(names);
  if (related !== undefined) {
    yield `${related.images} of ${names.length} file names are ${related.groups} beginnings with running numbers`;
  }
}

/** How many of the names share their beginning with another one, when that looks like slices or visits of patients. */
export function relatedNames(names: readonly string[]): { images: number; groups: number } | undefined {
  const stems = Map.groupBy(names, (name) => name.replace(/\.[a-z.]+$/i, "").replace(/[-_ .]?\d+$/, ""));
  const shared = [...stems].filter(([, group]) => group.length > 1);
  const images = shared.reduce((sum, [, group]) => sum + group.length, 0);
  const areNumbered = shared.every(([stem]) => /\d[^/]*$/.test(stem));
  const leastGroups = areNumbered ? MIN_NUMBERED_GROUPS : MIN_GROUPS;
  return images >= MIN_SHARE * names.length && shared.length >= leastGroups
    ? { images, groups: shared.length }
    : undefined;
}
