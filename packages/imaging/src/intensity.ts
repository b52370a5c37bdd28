/**
 * Grey values of any type to 8 bits.
 *
 * Ranges   `percentile` spreads the 0.5th..99.5th percentile of this image over 0..255 and clips the rest: right for
 *          files whose range is arbitrary. `full` maps the whole type (0..65535), so that equal values stay equal between
 *          images, and wastes most of the 8 bits on a 12-bit file; floats, whose type has no range, go from their least to
 *          their largest value. A window maps center - width / 2 to 0 and center + width / 2 to 255.
 * Exact    8-bit images are never touched, but by a window.
 * NaN      is black.
 */

import { extremes, integerRange } from "./geometry/samples.ts";
import type { Image } from "./image.ts";
import { percentiles } from "./percentiles.ts";
import type { Samples, Window } from "./scan.ts";

export type IntensityRange = "percentile" | "full" | Window;

const LOW_PERCENTILE = 0.5;
const HIGH_PERCENTILE = 99.5;

export function toUint8(image: Image<Samples>, range: IntensityRange): Image<Uint8Array> {
  const { data } = image;
  if (data instanceof Uint8Array && typeof range === "string") return { ...image, data };
  const window = windowOf(data, range);
  const isLarge = isShort(data) && data.length > SHORTS;
  return { ...image, data: isLarge ? lookUpLevels(data, levelTable(data, window)) : levelsOf(data, window) };
}

/** Whole numbers of 16 bits, with a sign or without. */
export type Shorts = Int16Array | Uint16Array;

export const isShort = (data: Samples): data is Shorts => data instanceof Int16Array || data instanceof Uint16Array;

/** How many different values 16 bits have. */
const SHORTS = 2 ** 16;

function levelsOf(data: Samples, { center, width }: Window): Uint8Array<ArrayBuffer> {
  const low = center - width / 2;
  const scale = 255 / width;
  const levels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const level = (data[i]! - low) * scale + 0.5;
    levels[i] = Math.min(Math.max(level, 0), 255);
  }
  return levels;
}

/** What `toUint8` makes of every value of this type, in the order of their bits: a tenth of the time for large images. */
export function levelTable(data: Shorts, window: Window): Uint8Array {
  const every = new Uint16Array(SHORTS);
  for (let i = 0; i < SHORTS; i++) every[i] = i;
  return levelsOf(data instanceof Int16Array ? new Int16Array(every.buffer) : every, window);
}

/** What the table says of each value. */
export function lookUpLevels(data: Shorts, table: Uint8Array): Uint8Array<ArrayBuffer> {
  const levels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) levels[i] = table[data[i]! & 0xffff]!;
  return levels;
}

/**
 * The window from the 0.5th to the 99.5th percentile: what `percentile` means, to be measured on a whole volume and used
 * on each of its slices.
 *
 * @param padding The value that scanners write where they measured nothing; it is not counted.
 */
export function grayRange(data: Samples, padding?: number): Window {
  const [low, high] = percentiles(data, [LOW_PERCENTILE, HIGH_PERCENTILE], padding) as [number, number];
  return windowFrom(data, low, high);
}

function windowOf(data: Samples, range: IntensityRange): Window {
  if (typeof range !== "string") return range;
  if (range === "percentile") return grayRange(data);
  return windowFrom(data, ...(integerRange(data) ?? extremes(data)));
}

/** A flat image gets the narrowest window, and becomes black; so does one without any number. */
function windowFrom(data: Samples, low: number, high: number): Window {
  const narrowest = integerRange(data) === undefined ? Number.MIN_VALUE : 1;
  const width = Math.max(high - low, narrowest);
  return { center: low + width / 2, width };
}
