/**
 * Whether what is learned from shows who is tested on: pictures of test patients, under another patient's name, among the
 * images of training or pre-training.
 *
 * Evidence   pixels that are equal, and pictures that are nearly so (near-duplicates.ts). Images of one value, such as
 *            empty slices, are no evidence. Patients themselves are kept apart by the split.
 * Across     stores, when they keep images by the same recipe.
 * Cost       every image of both sides is read once.
 */

import type { RunListener } from "@medssl/contract";
import { JoinedCatalog } from "../inspect/joined-catalog.ts";
import { findNearDuplicates, likenessText } from "../inspect/near-duplicates.ts";
import type { Store } from "../store/store.ts";

export interface LeakSearch {
  /** Each store once. */
  readonly stores: readonly Store[];
  readonly test: readonly string[];
  /** Patients whose images are trained or pre-trained with. */
  readonly learned: Iterable<string>;
  readonly listen?: RunListener;
}

/** Pairs of image ids, the tested one first, with what they have in common. */
export function findLeaks({ stores, test, learned, listen = () => {} }: LeakSearch): string[] {
  const catalog = new JoinedCatalog(stores);
  try {
    const sides = new Map([...learned].map((patient) => [patient, "train"]));
    for (const patient of test) sides.set(patient, "test");
    catalog.takeSides(sides);
    return [...equalPictures(catalog), ...nearPictures(catalog, listen)];
  } finally {
    catalog.close();
  }
}

function equalPictures(catalog: JoinedCatalog): string[] {
  catalog.run("CREATE INDEX images_pixels ON images(pixel_hash)");
  const rows = catalog.all<{ tested: string; learned: string }>(
    `SELECT max(CASE side WHEN 'test' THEN id END) AS tested, max(CASE side WHEN 'train' THEN id END) AS learned FROM images
     WHERE high > low AND side IS NOT NULL GROUP BY pixel_hash HAVING count(DISTINCT side) > 1`,
  );
  return rows.map(({ tested, learned }) => `${tested} = ${learned}`);
}

function nearPictures(catalog: JoinedCatalog, listen: RunListener): string[] {
  const { pairs } = findNearDuplicates(catalog, listen, "side IS NOT NULL");
  const imageOf = (number: number) =>
    catalog.one<{ id: string; side: string }>("SELECT id, side FROM images WHERE rowid = ?", number);
  return pairs.flatMap(({ one, other, ...pair }) => {
    const images = [imageOf(one), imageOf(other)];
    const [tested, learned] = ["test", "train"].map((side) => images.find((image) => image.side === side));
    return tested && learned ? [`${tested.id} ~ ${learned.id} (${likenessText(pair)})`] : [];
  });
}
