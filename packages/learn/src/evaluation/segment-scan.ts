/**
 * A scan segmented slice by slice, and its labels brought back to its own grid.
 *
 * Way      turned for the eye, cut into slices and brought to the stored size as `medssl ingest` does it; segmented;
 *          cleaned as a whole at that size; each slice scaled back; turned back.
 * Memory   a few slices are floats at a time; beside the scan there are its labels, a byte a voxel.
 */
import type { InferenceOptions } from "@medssl/contract";
import { cutSlices, type StoredSlice, type StoreRecipe } from "@medssl/datasets";
import { orientationCode, reorient, type Scan, unfitLabels } from "@medssl/imaging";
import { cat, type Device, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import type { Statistics } from "../augment/intensity.ts";
import { toUnit } from "../data/image-set.ts";
import { type PostProcessing, postProcess } from "../inference/post-processing.ts";
import { type Segmenter, segmentLabels } from "../inference/segment-images.ts";
import { usableSpacing } from "../metrics/measure-case.ts";

export interface ScanSegmenter {
  readonly network: Segmenter;
  readonly inputSize: number;
  readonly inference: Pick<InferenceOptions, "mode" | "tileOverlap" | "flips">;
  readonly statistics: Statistics;
  /** Slices on each side that the network sees as channels. */
  readonly contextSlices: number;
  /** How images were brought to the size that the network learned at. */
  readonly input: StoreRecipe;
  /** Whether pictures are left at their own size. */
  readonly isNative: boolean;
  readonly postProcessing: PostProcessing;
  readonly device: Device;
}

/** Slices that are segmented together. */
const SLICES_AT_ONCE = 4;

/** @param shown As the eye is used to it (`reorientForDisplay`). @returns Label indices on the same grid, [D, H, W] */
export function segmentScan(shown: Scan, segmenter: ScanSegmenter): Uint8Array {
  const [depth, height, width] = shown.shape;
  const { input, isNative, postProcessing } = segmenter;
  const frame: StoreRecipe = isNative ? { ...input, width, height, fit: "squash" } : input;
  const size = frame.width * frame.height;
  const labels = new Uint8Array(depth * size);
  for (const { slices, around } of inGroups(cutSlices(shown, undefined, frame), segmenter.contextSlices)) {
    const found = segmentSlices(around, frame, segmenter);
    slices.forEach((slice, i) => {
      labels.set(found.subarray(i * size, (i + 1) * size), slice * size);
    });
  }
  const scale = size / (input.width * input.height);
  const cleaned = postProcess({ labels, shape: [depth, frame.height, frame.width] }, postProcessing, scale);
  if (isNative) return cleaned;
  const mask = new Uint8Array(depth * height * width);
  for (let z = 0; z < depth; z++) {
    const data = cleaned.subarray(z * size, (z + 1) * size);
    if (!data.some((label) => label > 0)) continue;
    const own = unfitLabels({ width: frame.width, height: frame.height, channels: 1, data }, frame, width, height);
    mask.set(own.data, z * height * width);
  }
  return mask;
}

/** @param around Of each slice the pixels of the slices around it, itself in the middle. */
function segmentSlices(
  around: readonly (readonly StoredSlice["pixels"][])[],
  { width, height, dtype }: StoreRecipe,
  { network, inputSize, inference, statistics, device }: ScanSegmenter,
): Uint8Array {
  const asImage = (pixels: StoredSlice["pixels"]): Tensor => fromTypedArray(pixels, [1, 1, height, width]);
  return scope(() => {
    const images = cat(around.map((slices) => cat(slices.map(asImage), 1)));
    const unit = toUnit(images.to({ device }), { dtype });
    const labels = segmentLabels(network, unit, { inputSize, inference, statistics });
    return labels.to({ device: "cpu" }).contiguous().toTypedArray() as Uint8Array;
  });
}

interface SliceGroup {
  readonly slices: readonly number[];
  readonly around: readonly (readonly StoredSlice["pixels"][])[];
}

/**
 * Slices a few at a time, each with those around it. Where one is not there, beyond an end or left out as blank, the
 * nearest to it that is comes in its stead, as in training.
 */
function* inGroups(stored: Iterable<StoredSlice>, contextSlices: number): Generator<SliceGroup> {
  let window: StoredSlice[] = [];
  let next = 0;
  const around = ({ slice }: StoredSlice) =>
    Array.from({ length: 2 * contextSlices + 1 }, (_, i) => nearest(window, slice, i - contextSlices).pixels);
  const group = (until: number): SliceGroup => {
    const some = window.slice(next, until);
    return { slices: some.map(({ slice }) => slice), around: some.map(around) };
  };
  for (const slice of stored) {
    window.push(slice);
    // The last slices wait for those behind them.
    if (window.length - next < SLICES_AT_ONCE + contextSlices) continue;
    yield group(next + SLICES_AT_ONCE);
    next += SLICES_AT_ONCE;
    const forgotten = Math.max(next - contextSlices, 0);
    window = window.slice(forgotten);
    next -= forgotten;
  }
  while (next < window.length) {
    yield group(Math.min(next + SLICES_AT_ONCE, window.length));
    next += SLICES_AT_ONCE;
  }
}

/** Of two as near, the one towards the middle. */
function nearest(window: readonly StoredSlice[], slice: number, offset: number): StoredSlice {
  const wanted = slice + offset;
  const rank = (one: StoredSlice) => Math.abs(one.slice - wanted) + (one.slice - slice) * Math.sign(offset) * 1e-6;
  const isOnSide = (one: StoredSlice) => (one.slice - slice) * Math.sign(offset) >= 0;
  const candidates = window.filter((one) => (offset === 0 ? one.slice === slice : isOnSide(one)));
  return candidates.reduce((best, one) => (rank(one) < rank(best) ? one : best));
}

/** The mask of the turned scan, on the grid that the scan has in its file. */
export function onOwnGrid(
  mask: Uint8Array,
  shown: Pick<Scan, "shape" | "affine">,
  own: Pick<Scan, "affine" | "spacingMm">,
): Scan<Uint8Array> {
  const turned: Scan<Uint8Array> = {
    shape: shown.shape,
    channels: 1,
    data: mask,
    meaning: "relative",
    affine: shown.affine,
  };
  const back = own.affine === undefined ? turned : reorient(turned, orientationCode(own.affine));
  return { ...back, affine: own.affine, spacingMm: own.spacingMm };
}

/** Area of a pixel in mm2, or volume of a voxel in ml, where the spacing is known. */
export function elementSize({ shape, spacingMm }: Pick<Scan, "shape" | "spacingMm">): number | undefined {
  const spacing = usableSpacing(spacingMm, shape);
  if (spacing === undefined) return undefined;
  const [z, y, x] = spacing;
  return shape[0] === 1 ? y * x : (z * y * x) / 1000;
}
