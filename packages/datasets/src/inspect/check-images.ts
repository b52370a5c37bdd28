/**
 * Whether each image is what it should be: its pixels there, its mask fitting, nothing written on it.
 */

import { existsSync, statSync } from "node:fs";
import { ledgerPath } from "../private/ledger.ts";
import { NPY_HEADER_BYTES, recordBytes } from "../store/npy-file.ts";
import type { StoreRecipe } from "../store/recipe.ts";
import type { Store } from "../store/store.ts";
import { counted, type Finding, type LabelContents, type Severity, type SourceContents } from "./inspection.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";
import { readPrivateNotes } from "./private-notes.ts";

const EXAMPLES = 6;

export function checkImages(
  catalog: JoinedCatalog,
  sources: readonly SourceContents[],
  labels: readonly LabelContents[],
): Finding[] {
  return [
    ...shards(catalog),
    ...labelsOutside(catalog),
    ...absentLabels(labels),
    ...emptyMasks(catalog),
    ...quarantine(catalog),
    ...blankImages(catalog),
    ...burnedIn(catalog),
    ...published(sources),
  ];
}

/** Pixel files that lost something: opening a store does not look. */
function* shards({ stores, names }: JoinedCatalog): Generator<Finding> {
  const damaged = stores.flatMap((store, i) => damagedShards(store).map((file) => `${names[i]}/${file}`));
  yield damaged.length === 0
    ? { severity: "ok", check: "pixels", title: "The pixels of every image are there." }
    : {
        severity: "error",
        check: "pixels",
        title: `${counted(damaged.length, "pixel file is", "pixel files are")} shorter than the catalog says, or missing.`,
        advice: "Remove the store's folder and ingest the images again.",
        examples: damaged.slice(0, EXAMPLES),
      };
}

function damagedShards(store: Store): string[] {
  return store.shards.flatMap(({ recipe, imagePath, maskPath, count }) => {
    const isShort = (path: string, record: StoreRecipe) =>
      count > 0 &&
      (statSync(path, { throwIfNoEntry: false })?.size ?? 0) < NPY_HEADER_BYTES + count * recordBytes(record);
    const images = isShort(imagePath, recipe) ? [imagePath] : [];
    const masks = maskPath !== undefined && isShort(maskPath, { ...recipe, dtype: "uint8" }) ? [maskPath] : [];
    return [...images, ...masks].map((path) => path.split("/").slice(-2).join("/"));
  });
}

function* labelsOutside(catalog: JoinedCatalog): Generator<Finding> {
  const check = "labels";
  const outside: string[] = [];
  let numMasks = 0;
  for (const [number, { info }] of catalog.stores.entries()) {
    const known = new Set(info.labels.map(({ value }) => String(value)));
    const rows = catalog.rows<{ id: string; labelCounts: string }>(
      "SELECT id, label_counts AS labelCounts FROM images WHERE store = ? AND has_mask = 1",
      number,
    );
    for (const { id, labelCounts } of rows) {
      numMasks += 1;
      const strange = Object.keys(JSON.parse(labelCounts)).filter((value) => !known.has(value));
      if (strange.length > 0) outside.push(`${id}: ${strange.join(", ")}`);
    }
  }
  if (numMasks === 0) return;
  yield outside.length === 0
    ? { severity: "ok", check, title: "Every stored mask holds labels of its store only." }
    : {
        severity: "error",
        check,
        title: `${counted(outside.length, "mask holds", "masks hold")} values that no label of its store has.`,
        advice: "Training takes such pixels for background or fails. Ingest the images again with --labels.",
        examples: outside.slice(0, EXAMPLES),
      };
}

/** Labels that a store knows and no mask of it shows. */
function* absentLabels(labels: readonly LabelContents[]): Generator<Finding> {
  const byName = Map.groupBy(labels, ({ store, name }) => `${store}: ${name}`);
  const absent = [...byName].filter(([, sources]) => sources.every(({ images }) => images === 0));
  if (absent.length === 0) return;
  yield {
    severity: "note",
    check: "absent-labels",
    title: `${counted(absent.length, "label occurs", "labels occur")} in no mask.`,
    examples: absent.slice(0, EXAMPLES).map(([name]) => name),
  };
}

function* emptyMasks(catalog: JoinedCatalog): Generator<Finding> {
  const check = "empty-masks";
  const { masks, empty } = catalog.one<{ masks: number; empty: number | null }>(
    "SELECT count(*) AS masks, sum(label_counts = '{}') AS empty FROM images WHERE has_mask = 1",
  );
  if (masks === 0) return;
  const whole = catalog.all<{ item: string; slices: number }>(
    `SELECT item, count(*) AS slices FROM images WHERE has_mask = 1 GROUP BY store, item
     HAVING sum(label_counts <> '{}') = 0 ORDER BY item`,
  );
  if (whole.length > 0) {
    yield {
      severity: "warning",
      check,
      title: `${counted(whole.length, "mask is", "masks are")} empty throughout.`,
      advice:
        "Right where nothing is to be found; wrong where a mask was lost. They count as healthy when scores are averaged.",
      examples: whole.slice(0, EXAMPLES).map(({ item }) => item),
    };
  } else yield { severity: "ok", check, title: "No mask is empty throughout." };
  const slices = (empty ?? 0) - whole.reduce((sum, row) => sum + row.slices, 0);
  if (slices > 0) {
    yield {
      severity: "note",
      check: "empty-slices",
      title: `${slices.toLocaleString("en-US")} of ${counted(masks, "slice or image", "slices and images")} with a mask show none of the labels.`,
    };
  }
}

const MASK_CODES: Readonly<Record<string, string>> = {
  ERR_MASK_SIZE: "mask and image have different sizes",
  ERR_MASK_VALUES: "the mask has values that no label has",
  ERR_MASK_CONFLICT: "the picture is there already with another mask",
};

/** Files that ingest could not use. Their names stay in `private/`. */
function* quarantine(catalog: JoinedCatalog): Generator<Finding> {
  const counts = new Map<string, number>();
  let numUnknown = 0;
  for (const store of catalog.stores) {
    if (!existsSync(ledgerPath(store.dir))) numUnknown += 1;
    const rows = readPrivateNotes<{ code: string; count: number }>(
      store,
      "SELECT code, count(*) AS count FROM quarantine GROUP BY code",
    );
    for (const { code, count } of rows) counts.set(code, (counts.get(code) ?? 0) + count);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total > 0) {
    yield {
      severity: "warning",
      check: "quarantine",
      title: `${counted(total, "file", "files")} could not be used when the images were ingested.`,
      advice: "Which ones and why: the table quarantine of the store's private/files.sqlite.",
      examples: [...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([code, count]) => `${code}: ${count}${MASK_CODES[code] === undefined ? "" : ` (${MASK_CODES[code]})`}`),
    };
  } else if (numUnknown === 0) {
    yield { severity: "ok", check: "quarantine", title: "No file was left out when the images were ingested." };
  }
  if (numUnknown > 0) {
    const title =
      "What was left out when the images were ingested is not known here: the folder private/ stayed at home.";
    yield { severity: "note", check: "quarantine-unknown", title };
  }
}

function* blankImages(catalog: JoinedCatalog): Generator<Finding> {
  const check = "blank-images";
  const { blank } = catalog.one<{ blank: number }>("SELECT count(*) AS blank FROM images WHERE high = low");
  if (blank === 0) {
    yield { severity: "ok", check, title: "No image is blank." };
    return;
  }
  const ids = catalog.all<{ id: string; slices: number }>(
    `SELECT id, slices FROM images WHERE high = low ORDER BY slices, id LIMIT ${EXAMPLES}`,
  );
  yield {
    severity: ids.some(({ slices }) => slices === 1) ? "warning" : "note",
    check,
    title: `${counted(blank, "image has", "images have")} one value in every pixel.`,
    examples: ids.map(({ id }) => id),
  };
}

function* burnedIn(catalog: JoinedCatalog): Generator<Finding> {
  const check = "burned-in";
  const rows = catalog.all<{ name: string; reason: string; items: number; ofItems: number }>(
    `SELECT name, burned_in AS reason, count(DISTINCT item) AS items,
       (SELECT count(DISTINCT item) FROM images WHERE source = number) AS ofItems
     FROM images JOIN sources ON source = number WHERE burned_in IS NOT NULL GROUP BY number, burned_in ORDER BY items DESC`,
  );
  if (rows.length === 0) {
    yield { severity: "ok", check, title: "No image is known to have writing burned into it." };
    return;
  }
  const items = rows.reduce((sum, row) => sum + row.items, 0);
  const reasons: Readonly<Record<string, string>> = { tag: "the file says so", edges: "the border looks like it" };
  yield {
    severity: "warning",
    check,
    title: `${counted(items, "image seems", "images seem")} to have writing burned into the picture.`,
    advice:
      "Mostly positions and markers; names and dates where an archive was not cleaned. Look at them before you hand the store on.",
    examples: rows.map((row) => `${row.name}: ${row.items} of ${row.ofItems} (${reasons[row.reason]})`),
  };
}

/** Fewer than published is a partial download, which is no fault; more is strange. */
function published(sources: readonly SourceContents[]): Finding[] {
  return sources.flatMap(({ name, title, published: counts, reference }): Finding[] => {
    if (counts.length === 0) return [];
    const numbers = counts.map(
      ({ what, here, published }) => `${what} ${here.toLocaleString("en-US")} of ${published.toLocaleString("en-US")}`,
    );
    const isMore = counts.some(({ here, published }) => here > published);
    const isAll = counts.every(({ here, published }) => here === published);
    const severity: Severity = isMore ? "warning" : isAll ? "ok" : "note";
    const what = isMore
      ? `has more than ${title} published: is something else in the folder?`
      : isAll
        ? `is ${title} as published.`
        : `is a part of ${title}: a partial download, or one that is not freely given.`;
    return [
      {
        severity,
        check: "published",
        title: `${name} ${what}`,
        examples: [...numbers, reference ?? ""].filter(Boolean),
      },
    ];
  });
}
