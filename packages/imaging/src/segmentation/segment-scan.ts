/**
 * A scan segmented slice by slice by any network, and its labels brought back to its own grid: the one way that training's
 * libtorch and exported ONNX models share.
 *
 * Way        turned for the eye (`reorientForDisplay`), cut into slices and brought to the form that the network learned
 *            from, segmented, cleaned as a whole at that size, each slice scaled back, turned back (`onOwnGrid`).
 * Frames     black borders around pictures are cut off first, where the network learned from pictures without.
 * Borders    of a picture that was made smaller run where the network sees them, between the small one's pixels
 *            (enlarge-labels.ts); volumes' labels go to the nearest voxel.
 * Fractions  how sure the network is of each label, 0-255 for 0-1, where they are asked for. Where cleaning changed a
 *            label, the fractions follow it.
 * Memory     a few slices are floats at a time; beside the scan there are its labels, a byte a voxel, and with fractions a
 *            byte more for each label.
 */
import type { SegmentationPlan } from "@medssl/contract";
import { type Box, blackBorder, cropImage, hasBlackBorder } from "../black-border.ts";
import { selectChannel } from "../channels.ts";
import { isReduced, unfitLabels, unfitMargined, unfitValues } from "../fit.ts";
import { orientationCode } from "../geometry/affine.ts";
import { reorient } from "../geometry/orientation.ts";
import type { Samples, Scan, Vec3 } from "../scan.ts";
import { cutSlices, type StoredSlice } from "./cut-slices.ts";
import { postProcess } from "./post-processing.ts";
import type { SliceForm, SlicePixels } from "./slice-form.ts";
import { groupSlices } from "./slice-groups.ts";

/** What an engine is given: of each slice the channels that the network sees, all of one size. */
export interface SliceBatch {
  /** [B][C], each [height, width] in the plan's form. */
  readonly slices: readonly (readonly SlicePixels[])[];
  readonly width: number;
  readonly height: number;
}

export interface SliceLabels {
  /** The likeliest label, [B, height, width]. */
  readonly labels: Uint8Array;
  /** Of each label but the background, 0-255: [B, K, height, width]. There where they were asked for. */
  readonly fractions?: Uint8Array | undefined;
  /**
   * How far each label but the background is above the background: [B, K, height, width], of logits, or of probabilities
   * that were averaged. There where they were asked for.
   */
  readonly margins?: Float32Array | undefined;
}

/** What else than labels is wanted. */
export interface SliceWishes {
  readonly fractions: boolean;
  readonly margins: boolean;
}

/** A network at work: libtorch's, or an ONNX runtime's. */
export interface SliceSegmenter {
  segmentSlices(batch: SliceBatch, wishes: SliceWishes): Promise<SliceLabels>;
}

export interface SegmentScanOptions {
  readonly plan: Pick<SegmentationPlan, "slices" | "contextSlices" | "postProcessing" | "cropsBlackBorder">;
  /** Labels but the background; their values are 1, 2, ... */
  readonly numLabels: number;
  /** Whether slices are left at their own size. @default false */
  readonly isNative?: boolean;
  /** @default false */
  readonly wantsFractions?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called after each few slices. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface ScanLabels {
  /** [D, H, W] */
  readonly labels: Uint8Array;
  /** Of label 1, 2, ...: each [D, H, W], 0-255; none where they were not asked for. */
  readonly fractions: readonly Uint8Array[];
}

/** @param shown As the eye is used to it (`reorientForDisplay`). @returns On the same grid. */
export async function segmentScan(
  shown: Scan,
  segmenter: SliceSegmenter,
  options: SegmentScanOptions,
): Promise<ScanLabels> {
  const { plan, numLabels, isNative = false, wantsFractions = false, signal, onProgress } = options;
  const [depth, height, width] = shown.shape;
  const form: SliceForm = isNative ? { ...plan.slices, width, height, fit: "squash" } : plan.slices;
  let stored: Iterable<StoredSlice> = cutSlices(shown, undefined, form);
  if (depth === 1 && plan.cropsBlackBorder) {
    stored = [...stored];
    const box = boxInBorder(shown, stored, form);
    if (box !== undefined) return await segmentInside(shown, box, segmenter, options);
  }
  const size = form.width * form.height;
  const found = new Uint8Array(depth * size);
  const sure = Array.from({ length: wantsFractions ? numLabels : 0 }, () => new Uint8Array(depth * size));
  const wishes = { fractions: wantsFractions, margins: depth === 1 && !isNative && isReduced(width, height, form) };
  let margins: readonly Float32Array[] | undefined;
  for (const { slices, around } of groupSlices(stored, plan.contextSlices)) {
    signal?.throwIfAborted();
    const batch = { slices: around, width: form.width, height: form.height };
    const { labels, fractions, margins: all } = await segmenter.segmentSlices(batch, wishes);
    margins = all && Array.from({ length: numLabels }, (_, k) => all.subarray(k * size, (k + 1) * size));
    slices.forEach((slice, i) => {
      found.set(labels.subarray(i * size, (i + 1) * size), slice * size);
      sure.forEach((volume, k) => {
        const start = (i * numLabels + k) * size;
        volume.set(fractions!.subarray(start, start + size), slice * size);
      });
    });
    onProgress?.(slices.at(-1)! + 1, depth);
  }
  const scale = size / (plan.slices.width * plan.slices.height);
  const shape: Vec3 = [depth, form.height, form.width];
  const cleaned = postProcess({ labels: found, shape }, plan.postProcessing, scale);
  followCleaning(sure, found, cleaned);
  const back = { shape: shown.shape, form, isNative };
  return {
    labels:
      margins === undefined
        ? backToScan(cleaned, back, unfitLabels)
        : unfitMargined({ labels: cleaned, found, margins }, form, width, height).data,
    fractions: sure.map((volume) => backToScan(volume, back, unfitValues)),
  };
}

/** Where in a picture its black border ends; undefined where it has none. Looked for in the small picture first. */
function boxInBorder(
  { shape: [, height, width], channels, data }: Scan,
  stored: Iterable<StoredSlice>,
  form: SliceForm,
): Box | undefined {
  const [slice] = stored;
  if (slice === undefined || !hasBlackBorder(slice.pixels, form, width, height)) return undefined;
  const box = blackBorder(selectChannel({ width, height, channels, data }, "luma"));
  return box.width < width || box.height < height ? box : undefined;
}

/** What is inside of the box, by itself; outside of it is nothing. */
async function segmentInside(
  shown: Scan,
  box: Box,
  segmenter: SliceSegmenter,
  options: SegmentScanOptions,
): Promise<ScanLabels> {
  const { channels, data } = shown;
  const [, height, width] = shown.shape;
  const inside = cropImage<Samples>({ width, height, channels, data }, box);
  const { labels, fractions } = await segmentScan(
    { ...shown, shape: [1, inside.height, inside.width], data: inside.data },
    segmenter,
    { ...options, plan: { ...options.plan, cropsBlackBorder: false } },
  );
  const placed = (values: Uint8Array) => {
    const whole = new Uint8Array(width * height);
    for (let y = 0; y < box.height; y++) {
      whole.set(values.subarray(y * box.width, (y + 1) * box.width), (box.top + y) * width + box.left);
    }
    return whole;
  };
  return { labels: placed(labels), fractions: fractions.map(placed) };
}

/** What cleaning took away is not there; what it filled is. */
function followCleaning(sure: readonly Uint8Array[], found: Uint8Array, cleaned: Uint8Array): void {
  if (sure.length === 0 || found === cleaned) return;
  for (let i = 0; i < found.length; i++) {
    if (found[i] === cleaned[i]) continue;
    if (found[i]! > 0) sure[found[i]! - 1]![i] = 0;
    if (cleaned[i]! > 0) sure[cleaned[i]! - 1]![i] = 255;
  }
}

/** Each slice from the network's form to the scan's size; slices without anything stay empty. */
function backToScan(
  volume: Uint8Array,
  { shape: [depth, height, width], form, isNative }: { shape: Vec3; form: SliceForm; isNative: boolean },
  unfit: typeof unfitLabels,
): Uint8Array {
  if (isNative) return volume;
  const size = form.width * form.height;
  const ownSlice = (data: Uint8Array) =>
    unfit({ width: form.width, height: form.height, channels: 1, data }, form, width, height).data;
  if (depth === 1) return ownSlice(volume);
  const result = new Uint8Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    const data = volume.subarray(z * size, (z + 1) * size);
    if (data.some((value) => value > 0)) result.set(ownSlice(data), z * height * width);
  }
  return result;
}

/** Values of the turned scan, on the grid that the scan has in its file. */
export function onOwnGrid(
  values: Uint8Array,
  shown: Pick<Scan, "shape" | "affine">,
  own: Pick<Scan, "affine" | "spacingMm">,
): Scan<Uint8Array> {
  const turned: Scan<Uint8Array> = {
    shape: shown.shape,
    channels: 1,
    data: values,
    meaning: "relative",
    affine: shown.affine,
  };
  const back = own.affine === undefined ? turned : reorient(turned, orientationCode(own.affine));
  return { ...back, affine: own.affine, spacingMm: own.spacingMm };
}
