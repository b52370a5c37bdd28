/**
 * What a U-Net's plan is made from: the labelled images in numbers.
 *
 * Values   as networks are shown them: grey values of 0-1, Hounsfield units in the window that `ImageSet` shows, as 0-1.
 * Width    of a structure: twice its area over the length of its outline along the pixels' edges. The width of a long line; of a
 *          disc 0.79 of its diameter.
 * Spacing  of the stored pixels, from the sizes and spacings in the catalog; the longer side where they are not square.
 */
import type { RecipeName } from "@medssl/datasets";
import { fitSpacing } from "@medssl/imaging";
import { call, scope, type Tensor } from "@medssl/torch";
import type { ImageSet, Selection } from "../data/image-set.ts";
import { labelPixels } from "../data/label-pixels.ts";
import { labelRoles } from "../data/label-roles.ts";

export interface Fingerprint {
  readonly images: number;
  readonly patients: number;
  /** Stored size, in pixels. */
  readonly height: number;
  readonly width: number;
  /** What the images are, by the way they were stored. */
  readonly kind: RecipeName;
  /** Median; null where the files do not say. */
  readonly spacingMm: number | null;
  /** Of the labelled structures' pixels. */
  readonly foreground: ForegroundStatistics;
  readonly structures: readonly StructureFingerprint[];
}

export interface ForegroundStatistics {
  readonly mean: number;
  readonly std: number;
  /** 0.5th and 99.5th percentile. */
  readonly low: number;
  readonly high: number;
}

export interface StructureFingerprint {
  readonly name: string;
  /** Of all pixels. */
  readonly share: number;
  /** Images that show it. */
  readonly images: number;
  /** Median over these, in pixels; 0 where there is none. */
  readonly widthPx: number;
}

/** Images that are looked at a time. */
const BATCH = 32;
const BINS = 4096;

/** @param set Of the labelled cases of `selections`. */
export function fingerprint(set: ImageSet, selections: readonly Selection[]): Fingerprint {
  const { classes } = labelRoles(set.labels);
  const pixels = labelPixels(set, classes.length + 1);
  const found = classes.map(({ value }) => widths(set, value));
  return {
    images: set.count,
    patients: new Set(set.cases.map(({ patient }) => patient)).size,
    height: set.height,
    width: set.width,
    kind: set.cases[0]!.recipe,
    spacingMm: median(selections.flatMap(storedSpacings)) ?? null,
    foreground: foregroundStatistics(set),
    structures: classes.map(({ name, value }, i) => ({
      name,
      share: pixels[value]! / (set.count * set.height * set.width),
      images: found[i]!.length,
      widthPx: median(found[i]!) ?? 0,
    })),
  };
}

/** Of all pixels in structures, whichever; of all pixels where no structure is shown. */
export function foregroundStatistics(set: ImageSet): ForegroundStatistics {
  const { ignoredValue } = labelRoles(set.labels);
  const [inside, everywhere] = [new Float64Array(BINS), new Float64Array(BINS)];
  eachBatch(set, (indices) => {
    const bins = set
      .images(indices)
      .mul(BINS - 1)
      .round()
      .to({ dtype: "int64" });
    const masks = set.masks(indices).unsqueeze(1);
    const isLabeled = masks.gt(0);
    const isInside = ignoredValue === undefined ? isLabeled : isLabeled.logicalAnd(masks.ne(ignoredValue));
    addCounts(everywhere, bins);
    // Pixels outside fall into a bin of their own, which is dropped.
    addCounts(inside, bins.maskedFill(isInside.logicalNot(), BINS));
  });
  return ofHistogram(inside.some((count) => count > 0) ? inside : everywhere);
}

function addCounts(counts: Float64Array, bins: Tensor): void {
  const batch = call("aten::bincount", [bins.flatten(), null, BINS + 1]) as Tensor;
  for (const [bin, count] of (batch.toNested() as number[]).slice(0, BINS).entries()) counts[bin]! += Number(count);
}

function ofHistogram(counts: Float64Array): ForegroundStatistics {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const gray = (bin: number) => bin / (BINS - 1);
  const moment = (power: number) => counts.reduce((sum, count, bin) => sum + count * gray(bin) ** power, 0) / total;
  const percentile = (share: number): number => {
    let [bin, below] = [0, counts[0]!];
    while (below < share * total) below += counts[++bin]!;
    return gray(bin);
  };
  const mean = moment(1);
  const std = Math.sqrt(Math.max(0, moment(2) - mean ** 2));
  return { mean, std, low: percentile(0.005), high: percentile(0.995) };
}

/** Of a structure in each image that shows it, in pixels. */
function widths(set: ImageSet, value: number): number[] {
  const found: number[] = [];
  eachBatch(set, (indices) => {
    const isThere = set.masks(indices).eq(value).to({ dtype: "float32" }).unsqueeze(1);
    const padded = isThere.pad([1, 1, 1, 1]);
    const edges = (axis: 2 | 3): Tensor =>
      padded
        .slice(axis, 1)
        .sub(padded.slice(axis, 0, -1))
        .abs()
        .sum([1, 2, 3]);
    const outlines = edges(2).add(edges(3)).toNested() as number[];
    const areas = isThere.sum([1, 2, 3]).toNested() as number[];
    for (const [i, area] of areas.entries()) if (area > 0) found.push((2 * area) / outlines[i]!);
  });
  return found;
}

function eachBatch(set: ImageSet, visit: (indices: number[]) => void): void {
  for (let start = 0; start < set.count; start += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, set.count - start) }, (_, i) => start + i);
    scope(() => visit(indices));
  }
}

/** Longer side of the cases' stored pixels, in mm, where known. */
function storedSpacings({ store, cases }: Selection): number[] {
  const wanted = new Set(cases.map(({ id }) => id));
  const rows = store.query<{ id: string; recipe: RecipeName; width: number; height: number; x: number; y: number }>(
    `SELECT id, recipe, width, height, spacing_x AS x, spacing_y AS y FROM cases
     WHERE has_mask = 1 AND spacing_x IS NOT NULL AND spacing_y IS NOT NULL`,
  );
  return rows.flatMap(({ id, recipe, width, height, x, y }) => {
    if (!wanted.has(id)) return [];
    return [Math.max(...fitSpacing([y, x], store.info.recipes[recipe], width, height))];
  });
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
