/**
 * Inspects one or several stores together: contents, and all checks.
 *
 * Cost     contents and most checks are questions to the catalogs, seconds for a million images. Near-duplicates need
 *          every image's pixels once; `isQuick` leaves them out.
 * Errors   `ERR_STORE_FOREIGN`
 */

import type { RunListener } from "@medssl/contract";
import { type Split, sides } from "../splits/split.ts";
import type { Store } from "../store/store.ts";
import { checkDuplicates } from "./check-duplicates.ts";
import { checkImages } from "./check-images.ts";
import { checkSplit } from "./check-splits.ts";
import { countAll, describeKinds, describeLabels, describeSources, describeStores } from "./contents.ts";
import {
  bySeverity,
  type InspectedSplit,
  type Inspection,
  type NamedImage,
  type NearDuplicateReport,
} from "./inspection.ts";
import { JoinedCatalog } from "./joined-catalog.ts";
import { SAME_LIKENESS } from "./likeness.ts";
import { findNearDuplicates, type NearDuplicates } from "./near-duplicates.ts";

export interface InspectOptions {
  /** A split to check, with the name of its file. */
  readonly split?: { readonly name: string; readonly split: Split } | undefined;
  /** Leaves out what reads pixels. @default false */
  readonly isQuick?: boolean;
  readonly listen?: RunListener;
}

export function inspectStores(stores: readonly Store[], options: InspectOptions = {}): Inspection {
  const { split: given, isQuick = false, listen = () => {} } = options;
  const catalog = new JoinedCatalog(stores);
  try {
    catalog.run("CREATE INDEX images_pixels ON images(pixel_hash); CREATE INDEX images_item ON images(item)");
    if (given === undefined) catalog.run("UPDATE images SET side = split WHERE split IS NOT NULL");
    else catalog.takeSides(sidesOf(given.split));
    const near = isQuick ? undefined : findNearDuplicates(catalog, listen);
    const [sources, labels] = [describeSources(catalog), describeLabels(catalog)];
    return {
      version: 1,
      created: new Date().toISOString(),
      stores: describeStores(catalog),
      totals: countAll(catalog),
      sources,
      kinds: describeKinds(catalog),
      labels,
      findings: bySeverity([
        ...checkSplit(catalog, given?.split, near),
        ...checkDuplicates(catalog, near),
        ...checkImages(catalog, sources, labels),
      ]),
      nearDuplicates: near && reportPairs(catalog, near),
      split: describeSplit(catalog, given?.name),
    };
  } finally {
    catalog.close();
  }
}

/** A patient on two sides has the last of them, test before validation before train. */
const sidesOf = (split: Split): Map<string, string> =>
  new Map(sides.flatMap((side) => split[side].map((patient) => [patient, side] as const)));

function describeSplit(catalog: JoinedCatalog, file: string | undefined): InspectedSplit | undefined {
  const rows = catalog.all<{ side: string; patients: number }>(
    "SELECT side, count(DISTINCT patient) AS patients FROM images WHERE side IS NOT NULL GROUP BY side",
  );
  if (rows.length === 0) return undefined;
  const on = (side: string) => rows.find((row) => row.side === side)?.patients ?? 0;
  return { file, patients: { train: on("train"), validation: on("validation"), test: on("test") } };
}

const NAMED_PAIRS = 100;

function reportPairs(catalog: JoinedCatalog, near: NearDuplicates): NearDuplicateReport {
  const { pairs, ...numbers } = near;
  const imageOf = (number: number): NamedImage => {
    const row = catalog.one<{ store: number; id: string; side: string | null }>(
      "SELECT store, id, side FROM images WHERE rowid = ?",
      number,
    );
    return { ...row, store: catalog.names[row.store]! };
  };
  return {
    ...numbers,
    leastLikeness: SAME_LIKENESS,
    count: pairs.length,
    pairs: pairs.slice(0, NAMED_PAIRS).map((pair) => ({ ...pair, one: imageOf(pair.one), other: imageOf(pair.other) })),
  };
}
