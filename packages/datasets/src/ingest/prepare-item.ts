/**
 * One item of a source to what a store keeps of it: decoded, understood, cut into slices, brought to the recipe's size
 * and measured. Runs in a worker thread: what goes in and comes out is plain data.
 *
 * Pixels    HU in int16 of CT that is in Hounsfield units; else 8 bits: the file's own window, or the 0.5th..99.5th
 *           percentile of the image, of the whole volume where it is one. Localizers are pictures.
 * Slices    of volumes are shown as a radiologist sees them and come from foot to head; those of one value are left out.
 * Errors    `ERR_IMAGE_BLANK`, `ERR_MASK_SIZE`, `ERR_MASK_VALUES` and those of reading. Of a series, files that cannot be
 *           read are refused one by one; the rest goes on.
 */

import { MedsslError } from "@medssl/contract";
import {
  cutSlices,
  hasTextLikeBorder,
  isLikeAir,
  percentiles,
  reorientForDisplay,
  type Samples,
  type Scan,
  type StoredSlice,
  selectChannel,
  toUint8,
  type Vec3,
} from "@medssl/imaging";
import type { LabelRule } from "../label-rule.ts";
import type { Modality, SourceItem } from "../layouts/layout.ts";
import { shortHash } from "../private/pseudonyms.ts";
import { type RecipeName, recipeOf, type StoreRecipes } from "../store/recipe.ts";
import { type ReadLabels, readLabels } from "./read-labels.ts";
import { type Identity, type ReadScan, type RefusedFile, readScans } from "./read-scans.ts";
import { sliceHeights } from "./slice-heights.ts";
import { measureSlice, type SliceMeasures } from "./slice-measures.ts";

export interface PrepareJob {
  readonly item: SourceItem;
  /** What the layout says of all its items. */
  readonly modality: Modality | undefined;
  readonly recipes: StoreRecipes;
  readonly rule: LabelRule | undefined;
}

export interface PreparedSlice extends StoredSlice {
  readonly measures: SliceMeasures;
}

export interface PreparedItem {
  readonly recipe: RecipeName;
  readonly modality: string | undefined;
  /** Hashes of the files' bytes. */
  readonly content: string;
  readonly maskContent: string | undefined;
  readonly identity: Identity | undefined;
  readonly slices: readonly PreparedSlice[];
  /** Of the volume or picture, whatever was left out. */
  readonly numSlices: number;
  /** Of the original, in pixels and mm [z, y, x]. */
  readonly width: number;
  readonly height: number;
  readonly spacingMm: Vec3 | undefined;
  readonly burnedIn: "tag" | "edges" | undefined;
  readonly refused: readonly RefusedFile[];
  readonly warnings: readonly string[];
  readonly isThresholded: boolean;
}

export async function prepareItem({ item, modality, recipes, rule }: PrepareJob): Promise<PreparedItem> {
  const { scans, refused, content, identity, burnedIn } = await readScans(item);
  const first = scans[0]!.scan;
  const { recipe, warning } = chooseRecipe(item.modality ?? modality, scans[0]!);
  const { width: storedWidth, height: storedHeight } = recipes[recipe];
  const slices: PreparedSlice[] = [];
  const masks: ReadLabels[] = [];
  let shown = first;
  let numSlices = 0;
  for (const read of scans) {
    const labels = rule && item.masks?.length ? await readLabels(item.masks, rule, read) : undefined;
    if (labels !== undefined) masks.push(labels);
    shown = reorientForDisplay(read.scan);
    const shownLabels = labels && reorientForDisplay({ ...read.scan, channels: 1, data: labels.data });
    for (const stored of cutSlices(shown, shownLabels?.data, recipes[recipe], sliceHeights(shown, read))) {
      const measures = measureSlice(stored.pixels, storedWidth, storedHeight, stored.labels);
      slices.push({ ...stored, measures, slice: numSlices + stored.slice });
    }
    numSlices += shown.shape[0];
  }
  if (slices.length === 0) {
    throw new MedsslError("ERR_IMAGE_BLANK", `${item.files[0]}: every pixel has the same value, ${first.data[0]}`, {
      hint: "There is nothing to see in it; leave it out, or export it again.",
    });
  }
  const looksWritten = numSlices === 1 && recipe !== "ct" && recipe !== "mr" && hasTextLikeBorder(grayOf(first));
  return {
    recipe,
    modality: first.modality,
    content,
    maskContent:
      masks.length > 0 ? shortHash(...masks.flatMap((mask) => mask.content), JSON.stringify(rule)) : undefined,
    identity,
    slices,
    numSlices,
    width: shown.shape[2],
    height: shown.shape[1],
    spacingMm: shown.spacingMm,
    burnedIn: burnedIn ? "tag" : looksWritten ? "edges" : undefined,
    refused,
    warnings: [
      ...scans.flatMap(({ scan }) => scan.warnings ?? []),
      ...(warning ? [warning] : []),
      ...masks.flatMap(({ warnings }) => warnings),
    ],
    isThresholded: masks.some(({ isThresholded }) => isThresholded),
  };
}

interface RecipeChoice {
  readonly recipe: RecipeName;
  /** A sentence for a report. */
  readonly warning?: string;
}

/** CT is kept as such where its values are Hounsfield units: DICOM says so; of 8-bit pictures nobody believes it. */
function chooseRecipe(told: Modality | undefined, { scan, volume }: ReadScan): RecipeChoice {
  if (volume?.kind === "localizer") return { recipe: "picture", warning: "a localizer: stored as a picture" };
  const kind = told === undefined || told === "other" ? modalityOf(scan) : told;
  if (kind !== "ct") return { recipe: recipeOf(kind) };
  if (volume === undefined) {
    return { recipe: scan.meaning === "shown" && scan.data instanceof Uint8Array ? "picture" : "ct" };
  }
  if (scan.meaning === "hounsfield") return { recipe: "ct" };
  return { recipe: "picture", warning: "CT whose header does not say Hounsfield units: stored as a picture" };
}

/** What DICOM calls it. A volume that does not say is CT where its least values are those of air, else taken for MR. */
function modalityOf({ modality, meaning, shape, data }: Scan): Modality {
  if (modality !== undefined) return DICOM_MODALITIES[modality] ?? "other";
  if (meaning === "hounsfield") return "ct";
  if (meaning === "shown" || shape[0] === 1) return "other";
  const [least] = percentiles(data, [0]);
  return isLikeAir(least!) ? "ct" : "mr";
}

const DICOM_MODALITIES: Readonly<Record<string, Modality>> = {
  CT: "ct",
  MR: "mr",
  CR: "xray",
  DX: "xray",
  RG: "xray",
  OP: "fundus",
};

function grayOf({ shape: [, height, width], channels, data }: Scan) {
  return toUint8(selectChannel<Samples>({ width, height, channels, data }, "luma"), "percentile");
}
