/**
 * What stores contain, counted and measured by source: all of it from the catalogs, no pixel is read.
 */

import { layouts } from "../layouts/registry.ts";
import { type RecipeName, recipeText } from "../store/recipe.ts";
import type {
  Counts,
  InspectedStore,
  KindContents,
  LabelContents,
  PublishedCount,
  Range,
  SourceContents,
} from "./inspection.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";

const COUNTS = `count(DISTINCT patient) AS patients, count(DISTINCT study) AS studies, count(DISTINCT item) AS items,
  count(*) AS images, sum(has_mask) AS masks`;

export const describeStores = ({ stores, names }: JoinedCatalog): InspectedStore[] =>
  stores.map(({ info }, i) => ({
    name: names[i]!,
    images: info.cases,
    labels: info.labels.map((label) => label.name),
  }));

export const countAll = (catalog: JoinedCatalog): Counts => ({
  ...catalog.one<Counts>(`SELECT ${COUNTS} FROM images`),
});

interface SourceRow extends Counts {
  readonly number: number;
  readonly store: number;
  readonly name: string;
  readonly layout: string;
  readonly maskedItems: number;
  readonly unknownPatients: number;
}

export function describeSources(catalog: JoinedCatalog): SourceContents[] {
  const rows = catalog.all<SourceRow>(
    `SELECT number, sources.store, name, layout, ${COUNTS}, count(DISTINCT CASE WHEN has_mask THEN item END) AS maskedItems,
       count(DISTINCT CASE WHEN is_patient_known THEN NULL ELSE item END) AS unknownPatients
     FROM sources JOIN images ON source = number GROUP BY number ORDER BY sources.store, name`,
  );
  const tally = (column: string, what: string, source: number) =>
    Object.fromEntries(
      catalog
        .all<{ name: string; count: number }>(
          `SELECT ${column} AS name, count(DISTINCT ${what}) AS count FROM images
           WHERE source = ? AND ${column} IS NOT NULL GROUP BY 1 ORDER BY 1`,
          source,
        )
        .map(({ name, count }) => [name, count]),
    );
  return rows.map(({ number, store, layout: layoutName, ...row }) => {
    const { info } = catalog.stores[store]!;
    const layout = layouts.find(({ name }) => name === layoutName);
    return {
      ...row,
      store: catalog.names[store]!,
      title: layout?.title ?? layoutName,
      patientRule: info.sources.find(({ name }) => name === row.name)?.patientRule ?? "",
      officialSplit: tally("split", "patient", number),
      strata: tally("stratum", "item", number),
      views: tally("view", "item", number),
      published: publishedCounts(row, layout?.published ?? {}),
      reference: layout?.published?.reference,
    };
  });
}

function publishedCounts(
  { items, patients, studies, maskedItems }: Pick<SourceRow, "items" | "patients" | "studies" | "maskedItems">,
  published: Partial<Record<PublishedCount["what"], number>>,
): PublishedCount[] {
  const here = { images: items, patients, studies, masks: maskedItems };
  return (["images", "patients", "studies", "masks"] as const).flatMap((what) => {
    const count = published[what];
    // Studies that nobody names are not counted.
    return count === undefined || (what === "studies" && studies === 0)
      ? []
      : [{ what, here: here[what], published: count }];
  });
}

interface KindRow {
  readonly source: number;
  readonly store: number;
  readonly name: string;
  readonly recipe: RecipeName;
  readonly images: number;
  readonly modalities: string | null;
  readonly pixelSum: number;
  readonly pixelSquareSum: number;
  readonly low: number;
  readonly high: number;
  readonly withoutSpacing: number;
  readonly [column: `${"least" | "most"}${string}`]: number | null;
}

const MEASURED = ["width", "height", "slices", "spacing_x", "spacing_y", "spacing_z"] as const;

export function describeKinds(catalog: JoinedCatalog): KindContents[] {
  const ranges = MEASURED.map((column) => `min(${column}) AS least_${column}, max(${column}) AS most_${column}`);
  const rows = catalog.all<KindRow>(
    `SELECT images.source, images.store, sources.name, recipe, count(*) AS images,
       group_concat(DISTINCT modality) AS modalities, sum(pixel_sum) AS pixelSum,
       sum(pixel_square_sum) AS pixelSquareSum, min(low) AS low, max(high) AS high,
       sum(spacing_x IS NULL) AS withoutSpacing, ${ranges.join(", ")}
     FROM images JOIN sources ON source = number GROUP BY images.source, recipe ORDER BY images.store, name, recipe`,
  );
  return rows.map((row) => {
    const { info } = catalog.stores[row.store]!;
    const recipe = info.recipes[row.recipe];
    const numPixels = row.images * recipe.width * recipe.height;
    const mean = row.pixelSum / numPixels;
    const range = (column: (typeof MEASURED)[number]): Range | undefined => {
      const [least, most] = [row[`least_${column}`], row[`most_${column}`]];
      return least == null || most == null ? undefined : [least, most];
    };
    return {
      store: catalog.names[row.store]!,
      source: row.name,
      recipe: row.recipe,
      images: row.images,
      modalities: row.modalities?.split(",") ?? [],
      storedAs: recipeText(recipe),
      unit: recipe.dtype === "int16" ? "HU" : "grey",
      width: range("width")!,
      height: range("height")!,
      ...sizesOf(catalog, row),
      slices: range("slices")!,
      spacingX: range("spacing_x"),
      spacingY: range("spacing_y"),
      spacingZ: range("spacing_z"),
      withoutSpacing: row.withoutSpacing,
      mean,
      std: Math.sqrt(Math.max(row.pixelSquareSum / numPixels - mean ** 2, 0)),
      low: row.low,
      high: row.high,
    };
  });
}

function sizesOf(catalog: JoinedCatalog, { source, recipe, images }: KindRow) {
  const sizes = catalog.all<{ width: number; height: number; count: number }>(
    "SELECT width, height, count(*) AS count FROM images WHERE source = ? AND recipe = ? GROUP BY 1, 2 ORDER BY count DESC",
    source,
    recipe,
  );
  const { width, height, count } = sizes[0]!;
  return { commonestSize: { size: `${width}x${height}`, share: count / images }, numSizes: sizes.length };
}

interface LabelTally {
  images: number;
  pixels: number;
  shownShare: number;
  readonly items: Set<string>;
  readonly patients: Set<string>;
}

interface MaskedRow {
  readonly item: string;
  readonly patient: string;
  readonly recipe: RecipeName;
  readonly labelCounts: string;
}

/** Of every source that has masks each of its store's labels, those that never occur too. */
export function describeLabels(catalog: JoinedCatalog): LabelContents[] {
  const sources = catalog.all<{ number: number; store: number; name: string; masks: number }>(
    `SELECT number, sources.store, name, sum(has_mask) AS masks FROM sources JOIN images ON source = number
     GROUP BY number HAVING masks > 0 ORDER BY sources.store, name`,
  );
  return sources.flatMap(({ number, store, name: source, masks }): LabelContents[] => {
    const { recipes, labels } = catalog.stores[store]!.info;
    const tallies = new Map<string, LabelTally>();
    let [numPixels, ofItems, ofPatients] = [0, new Set<string>(), new Set<string>()];
    const sql = `SELECT item, patient, recipe, label_counts AS labelCounts FROM images WHERE source = ? AND has_mask = 1`;
    for (const row of catalog.rows<MaskedRow>(sql, number)) {
      const size = recipes[row.recipe].width * recipes[row.recipe].height;
      numPixels += size;
      ofItems.add(row.item);
      ofPatients.add(row.patient);
      for (const [value, pixels] of Object.entries<number>(JSON.parse(row.labelCounts))) {
        if (!tallies.has(value)) {
          tallies.set(value, { images: 0, pixels: 0, shownShare: 0, items: new Set(), patients: new Set() });
        }
        const tally = tallies.get(value)!;
        tally.images += 1;
        tally.pixels += pixels;
        tally.shownShare += pixels / size;
        tally.items.add(row.item);
        tally.patients.add(row.patient);
      }
    }
    return labels.map(({ value, name }) => {
      const tally = tallies.get(String(value));
      const images = tally?.images ?? 0;
      return {
        store: catalog.names[store]!,
        source,
        name,
        images,
        items: tally?.items.size ?? 0,
        patients: tally?.patients.size ?? 0,
        pixelShare: (tally?.pixels ?? 0) / numPixels,
        pixelShareWhereShown: images === 0 ? 0 : tally!.shownShare / images,
        ofImages: masks,
        ofItems: ofItems.size,
        ofPatients: ofPatients.size,
      };
    });
  });
}
