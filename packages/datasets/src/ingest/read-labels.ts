/**
 * The masks of an image to label indices on its grid.
 *
 * Shapes   [D, H, W] like the scan, as the files have them: before slices are turned for the eye.
 * Several  are laid over one another, later ones on top; where a later one has nothing the earlier one shows.
 * DICOM    a segmentation's segments are labels by what their codes mean.
 * Errors   `ERR_MASK_SIZE`, `ERR_MASK_VALUES`, `ERR_MASK_FORMAT`, and those of reading.
 */

import { MedsslError } from "@medssl/contract";
import {
  cropImage,
  type DicomSegmentation,
  decodeMaskScan,
  labelsOnVolume,
  parseDicom,
  readImageBytes,
  readSegmentation,
  resizeLabels,
  type Samples,
  type Scan,
} from "@medssl/imaging";
import { applyLabelRule, type LabelRule } from "../label-rule.ts";
import type { MaskFile } from "../layouts/layout.ts";
import { shortHash } from "../private/pseudonyms.ts";
import { isDicom, type ReadScan } from "./read-scans.ts";

export interface ReadLabels {
  readonly data: Uint8Array;
  /** A hash of each file's bytes. */
  readonly content: readonly string[];
  /** Whether soft edges were cut at one half. */
  readonly isThresholded: boolean;
  readonly warnings: readonly string[];
}

interface MaskLabels {
  readonly data: Uint8Array;
  readonly isThresholded?: boolean;
  readonly warnings?: readonly string[];
}

export async function readLabels(masks: readonly MaskFile[], rule: LabelRule, read: ReadScan): Promise<ReadLabels> {
  const layers: MaskLabels[] = [];
  const content: string[] = [];
  for (const mask of masks) {
    const bytes = await readImageBytes(mask.file);
    content.push(shortHash(bytes, String(mask.fileValue)));
    layers.push(await readLayer(mask, bytes, rule, read));
  }
  const [bottom, ...others] = layers;
  const data = bottom!.data;
  for (const layer of others) {
    for (let i = 0; i < data.length; i++) if (layer.data[i]! > 0) data[i] = layer.data[i]!;
  }
  return {
    data,
    content,
    isThresholded: layers.some(({ isThresholded }) => isThresholded),
    warnings: layers.flatMap(({ warnings = [] }) => warnings),
  };
}

async function readLayer(mask: MaskFile, bytes: Uint8Array, rule: LabelRule, read: ReadScan): Promise<MaskLabels> {
  if (isDicom(bytes, mask.file)) return readSegments(await readSegmentation(parseDicom(bytes, mask.file)), rule, read);
  const { scan, warnings } = onGrid(await decodeMaskScan(bytes, mask.file), mask, read);
  const [depth, height, width] = scan.shape;
  const values = { width, height: depth * height, channels: 1, data: wholeNumbers(scan.data, mask.file) } as const;
  if (mask.fileValue === undefined) {
    const { labels, isThresholded } = applyLabelRule(values, rule, mask.file);
    return { data: labels.data, isThresholded, warnings };
  }
  const index = indexOfValue(rule, mask.fileValue);
  const threshold = values.data instanceof Uint8Array && values.data.includes(255) ? 128 : 1;
  return { data: Uint8Array.from(values.data, (value) => (value >= threshold ? index : 0)), warnings };
}

function readSegments(segmentation: DicomSegmentation, rule: LabelRule, { volume }: ReadScan): MaskLabels {
  if (volume === undefined) {
    throw new MedsslError(
      "ERR_MASK_FORMAT",
      `${segmentation.name}: expected a picture or volume for an image that is not DICOM, got a DICOM segmentation`,
      { hint: "Give the DICOM series that it was drawn on, or export the segmentation in the image's own format." },
    );
  }
  const { labels, warnings } = labelsOnVolume(segmentation, volume);
  const indices = indicesOfSegments(segmentation, rule, new Set(labels.data));
  return { data: Uint8Array.from(labels.data, (segment) => indices.get(segment)!), warnings };
}

/**
 * What a segmentation's segments show, one after the other, in coded words ("left kidney"): what people have typed beside
 * them is free text, which does not enter a store. Segments of one name are one label.
 */
export function segmentNames({ segments }: Pick<DicomSegmentation, "segments">): string[] {
  return segments.map(({ number, type, modifiers }) => {
    const words = [...modifiers, ...(type ? [type] : [])].map(({ meaning }) => meaning.toLowerCase());
    return type?.meaning ? words.filter(Boolean).join(" ") : `segment ${number}`;
  });
}

/** By number of segment, of those that are drawn. @throws {MedsslError} `ERR_MASK_VALUES` */
function indicesOfSegments(
  segmentation: DicomSegmentation,
  { labels, ignoresOthers }: LabelRule,
  drawn: ReadonlySet<number>,
): Map<number, number> {
  const names = segmentNames(segmentation);
  const nameOf = new Map(segmentation.segments.map(({ number }, i) => [number, names[i]!]));
  const indices = new Map([[0, 0]]);
  const strange: string[] = [];
  for (const number of drawn) {
    if (number === 0) continue;
    const name = nameOf.get(number) ?? `segment ${number}`;
    const label = labels.find((one) => one.name.toLowerCase() === name);
    if (label === undefined && !ignoresOthers) strange.push(name);
    indices.set(number, label?.value ?? 0);
  }
  if (strange.length === 0) return indices;
  const known = labels.map(({ name }) => name).join(", ");
  throw new MedsslError(
    "ERR_MASK_VALUES",
    `${segmentation.name}: segments that are no labels: ${strange.join(", ")}; labels are ${known}`,
    { hint: "Choose the structures with --labels NAME,... in a new store; others become background." },
  );
}

/** The mask on the image's grid: cut as the image was, or brought to its size where the data set says that it may. */
function onGrid(
  mask: Scan,
  { file, hasOwnSize }: MaskFile,
  { scan, crop }: ReadScan,
): { scan: Scan; warnings: string[] } {
  const [depth, height, width] = scan.shape;
  const full = { width: crop?.fullWidth ?? width, height: crop?.fullHeight ?? height };
  let [maskDepth, maskHeight, maskWidth] = mask.shape;
  let data = mask.data;
  const isSameSize = maskDepth === depth && maskHeight === full.height && maskWidth === full.width;
  if (!isSameSize && hasOwnSize && maskDepth === 1 && data instanceof Uint8Array) {
    data = resizeLabels({ width: maskWidth, height: maskHeight, channels: 1, data }, full.width, full.height).data;
    [maskDepth, maskHeight, maskWidth] = [1, full.height, full.width];
  } else if (!isSameSize) {
    const sizeText = (z: number, y: number, x: number) => (z === 1 ? `${x}x${y} pixels` : `${x}x${y}x${z} voxels`);
    throw new MedsslError(
      "ERR_MASK_SIZE",
      `${file}: the mask is ${sizeText(maskDepth, maskHeight, maskWidth)}, its image ${sizeText(depth, full.height, full.width)}`,
      { hint: "Masks are drawn on the image itself: same width, same height, same number of slices." },
    );
  }
  if (crop !== undefined) {
    data = cropImage({ width: full.width, height: full.height, channels: 1, data }, crop).data;
  }
  const warnings = liesElsewhere(mask, scan)
    ? ["the mask's affine is not its image's; voxels were taken as they stand"]
    : [];
  return { scan: { ...mask, shape: [depth, height, width], data }, warnings };
}

/** Whether corresponding voxels of two grids lie more than a voxel apart somewhere. */
function liesElsewhere({ affine: one }: Scan, { affine: other, shape, spacingMm }: Scan): boolean {
  if (one === undefined || other === undefined || spacingMm === undefined) return false;
  const far = [shape[2] - 1, shape[1] - 1, shape[0] - 1];
  const tolerance = Math.min(...spacingMm.filter((value) => value > 0));
  return [0, 1, 2].some((row) => {
    const delta = (column: number) => one[row * 4 + column]! - other[row * 4 + column]!;
    const atOrigin = delta(3);
    const atFarEnd = far.reduce((sum, index, column) => sum + index * delta(column), atOrigin);
    return Math.max(Math.abs(atOrigin), Math.abs(atFarEnd)) > tolerance;
  });
}

/** Mask values in 16 bits at most; what is no whole number of 0..65535 is no label. */
export function wholeNumbers(data: Samples, file: string): Uint8Array | Uint16Array {
  if (data instanceof Uint8Array || data instanceof Uint16Array) return data;
  const whole = Uint16Array.from(data);
  const strange = data.findIndex((value, i) => value !== whole[i]);
  if (strange === -1) return whole;
  throw new MedsslError("ERR_MASK_VALUES", `${file}: ${data[strange]} is no label: expected whole numbers from 0 on`, {
    hint: "Was an image given in place of a mask? Masks are never interpolated.",
  });
}

/** A store of one label takes whatever a mask of one structure uses; of several, the one that has the value. */
function indexOfValue({ kind, labels }: LabelRule, fileValue: number): number {
  if (kind === "binary") return 1;
  return labels.find((label) => label.fileValue === fileValue || label.aliases?.includes(fileValue))?.value ?? 0;
}
