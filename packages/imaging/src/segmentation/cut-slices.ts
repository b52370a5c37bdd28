/**
 * A scan to the pixels that stores keep and networks are given, slice by slice, in one form.
 *
 * Units     int16 forms keep Hounsfield units. 8 bits are made from the window that the file recommends, where it is a
 *           picture of one (X-rays); else from the 0.5th..99.5th percentile, of the whole volume where it is one.
 * Slices    those of one value are left out, unless a label is on them.
 */

import { selectChannel } from "../channels.ts";
import { fitImage, fitLabels } from "../fit.ts";
import { freeMemory } from "../free-memory.ts";
import { toHounsfieldPixels } from "../hounsfield.ts";
import type { Image } from "../image.ts";
import { grayRange, toUint8 } from "../intensity.ts";
import type { Samples, Scan } from "../scan.ts";
import type { SliceForm, SlicePixels } from "./slice-form.ts";

export interface StoredSlice {
  readonly pixels: SlicePixels;
  readonly labels: Uint8Array | undefined;
  /** Position in the volume, from foot to head. */
  readonly slice: number;
  readonly zMm: number | undefined;
}

/**
 * @param shown As the eye is used to it (`reorientForDisplay`).
 * @param labels Label indices [D, H, W] on the same grid.
 * @param heightsMm Of the slices (`sliceHeights`), where the store keeps them.
 */
export function* cutSlices(
  shown: Scan,
  labels: Uint8Array | undefined,
  form: SliceForm,
  heightsMm: readonly number[] = [],
): Generator<StoredSlice> {
  const [depth, height, width] = shown.shape;
  const toPixels = pixelsOf(shown, form);
  const size = width * height;
  for (let z = 0; z < depth; z++) {
    const stored = shown.data.subarray(z * size * shown.channels, (z + 1) * size * shown.channels);
    const mask = labels?.subarray(z * size, (z + 1) * size);
    if (isOneValue(stored) && !mask?.some((label) => label > 0)) continue;
    const image = selectChannel({ width, height, channels: shown.channels, data: stored }, form.channel);
    const own = toPixels(image);
    const { data: pixels } = fitImage(own, form);
    if (own.data.buffer !== shown.data.buffer && own.data !== pixels) freeMemory(own.data);
    yield {
      pixels,
      labels: mask && fitLabels({ width, height, channels: 1, data: mask }, form).data,
      slice: z,
      zMm: heightsMm[z],
    };
  }
}

/** How one slice's values become the store's; decided on the whole scan, so that its slices stay comparable. */
function pixelsOf(scan: Scan, { dtype, channel }: SliceForm): (image: Image<Samples>) => Image<SlicePixels> {
  if (dtype === "int16") return toHounsfieldPixels;
  const { shape, channels, data, meaning, windows } = scan;
  if (meaning === "shown" && data instanceof Uint8Array) return (image) => toUint8(image, "full");
  const [first] = windows ?? [];
  if (shape[0] === 1 && first !== undefined) return (image) => toUint8(image, first);
  const stack = selectChannel({ width: shape[2], height: shape[1] * shape[0], channels, data }, channel);
  const range = grayRange(stack.data);
  return (image) => toUint8(image, range);
}

function isOneValue(values: Samples): boolean {
  const first = values[0];
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return false;
  return true;
}
