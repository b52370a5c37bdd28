/**
 * Padding: pixels where nothing was measured, such as the corners around a CT's circle or a film's border.
 *
 * Fill     in CT the stored value of air, -1024 HU, or the nearest that can be stored; elsewhere the darkest value that is
 *          no padding. So they neither shine nor pull a percentile.
 * Source   PS3.3 C.7.5.1.1.2
 */

import { AIR_HU } from "../hounsfield.ts";
import type { Samples } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";
import { type Rescale, storedScale } from "./gray-values.ts";
import type { PixelFormat } from "./pixel-format.ts";

export interface PaddingFill {
  readonly isHounsfield: boolean;
  readonly rescale: Rescale;
  /** The largest stored value is the darkest. */
  readonly isInverted: boolean;
}

/** The values themselves where none is padding, else a copy. */
export function replacePadding(
  stored: Samples,
  dataset: DicomDataset,
  format: PixelFormat,
  fill: PaddingFill,
): Samples {
  const range = paddingRange(dataset, format);
  if (!range) return stored;
  const [first, last] = range;
  if (first === last && !stored.includes(first)) return stored;
  let hasPadding = false;
  let least = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < stored.length; i++) {
    const value = stored[i]!;
    if (value >= first && value <= last) hasPadding = true;
    else {
      if (value < least) least = value;
      if (value > largest) largest = value;
    }
  }
  if (!hasPadding || least > largest) return stored;
  const darkest = fill.isInverted ? largest : least;
  const filler = fill.isHounsfield ? storedAir(stored, format, fill.rescale) : darkest;
  const result = stored.slice();
  for (let i = 0; i < stored.length; i++) if (stored[i]! >= first && stored[i]! <= last) result[i] = filler;
  return result;
}

function storedAir(stored: Samples, format: PixelFormat, { slope, intercept }: Rescale): number {
  const { low, high } = storedScale(stored, format);
  return Math.min(Math.max(Math.round((AIR_HU - intercept) / slope), low), high);
}

function paddingRange(
  dataset: DicomDataset,
  { tag, isSigned, isFloat }: PixelFormat,
): readonly [number, number] | undefined {
  const isDouble = tag === "7FE00009";
  const [valueTag, limitTag] = isFloat ? (isDouble ? doubleTags : floatTags) : wholeTags;
  const value = dataset.number(valueTag);
  if (value === undefined) return undefined;
  const limit = dataset.number(limitTag) ?? value;
  // US or SS: the element's own type is often not the pixels'.
  const [a, b] = [value, limit].map((end) => (isFloat ? end : isSigned ? (end << 16) >> 16 : end & 0xffff)) as [
    number,
    number,
  ];
  return [Math.min(a, b), Math.max(a, b)];
}

const wholeTags = ["00280120", "00280121"] as const;
const floatTags = ["00280122", "00280124"] as const;
const doubleTags = ["00280123", "00280125"] as const;
