/**
 * A scan to the pixels that stores keep and networks are given, slice by slice, in one form.
 *
 * Units     int16 forms keep Hounsfield units. 8 bits are made from the window that the file recommends, where it is a
 *           picture of one (X-rays); else from the 0.5th..99.5th percentile, of the whole volume where it is one.
 * Slices    those of one value are left out, unless a label is on them.
 */

import { selectChannel } from "../channels.ts";
import { fitImage, fitLabels, fitLevels } from "../fit.ts";
import { toHounsfieldPixels } from "../hounsfield.ts";
import type { Image } from "../image.ts";
import { grayRange, isShort, levelTable, type Shorts, toUint8 } from "../intensity.ts";
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
    yield {
      pixels: toPixels(image).data,
      labels: mask && fitLabels({ width, height, channels: 1, data: mask }, form).data,
      slice: z,
      zMm: heightsMm[z],
    };
  }
}

/** How one slice becomes the store's; decided on the whole scan, so that its slices stay comparable. */
function pixelsOf(scan: Scan, form: SliceForm): (image: Image<Samples>) => Image<SlicePixels> {
  if (form.dtype === "int16") return (image) => fitImage(toHounsfieldPixels(image), form);
  const { shape, channels, data, meaning, windows } = scan;
  if (meaning === "shown" && data instanceof Uint8Array) return (image) => fitImage(toUint8(image, "full"), form);
  const stack = { width: shape[2], height: shape[1] * shape[0], channels, data };
  const isPicture = shape[0] === 1 && windows?.[0] !== undefined;
  const range = isPicture ? windows![0]! : grayRange(selectChannel(stack, form.channel).data);
  if (!isShort(data)) return (image) => fitImage(toUint8(image, range), form);
  const table = levelTable(data, range);
  return (image) => fitLevels(image as Image<Shorts>, table, form);
}

function isOneValue(values: Samples): boolean {
  const first = values[0];
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return false;
  return true;
}
