/**
 * 16-bit grey values to 8 bits.
 *
 * Ranges   `percentile` spreads the 0.5th..99.5th percentile of this image over 0..255 and clips the rest: right for
 *          files whose range is arbitrary. `full` maps 0..65535 to 0..255, so that equal values stay equal between
 *          images, and wastes most of the 8 bits on a 12-bit file.
 * Exact    8-bit images are never touched.
 */

import type { Image } from "./image.ts";

export type IntensityRange = "percentile" | "full";

const LOW_PERCENTILE = 0.5;
const HIGH_PERCENTILE = 99.5;

export function toUint8(image: Image, range: IntensityRange): Image<Uint8Array> {
  const { data } = image;
  if (data instanceof Uint8Array) return { ...image, data };
  const [low, high] = range === "full" ? [0, 65535] : percentiles(data);
  const scale = 255 / Math.max(high - low, 1);
  const bytes = Uint8Array.from(data, (value) => Math.round(Math.min(Math.max((value - low) * scale, 0), 255)));
  return { ...image, data: bytes };
}

/** The values at which the cumulative histogram passes the low and the high percentile. */
function percentiles(data: Uint16Array): [number, number] {
  const counts = new Uint32Array(65536);
  for (const value of data) counts[value]! += 1;
  const valueAt = (percentile: number) => {
    const target = (percentile / 100) * (data.length - 1);
    let passed = -1;
    let value = -1;
    while (passed < target) passed += counts[++value]!;
    return value;
  };
  return [valueAt(LOW_PERCENTILE), valueAt(HIGH_PERCENTILE)];
}
