/**
 * A decoded image: whole numbers in rows, with nothing of tensors.
 *
 * Shapes   `data` is [height, width, channels], channels interleaved.
 */

import { MedsslError } from "@medssl/contract";
import type { Samples, Scan, Window } from "./scan.ts";

export interface Image<Pixels extends Samples = Uint8Array | Uint16Array> {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 red-green-blue. */
  readonly channels: 1 | 3;
  readonly data: Pixels;
}

/** Grey values and Hounsfield units as they are stored and resized. */
export type WholePixels = Uint8Array | Uint16Array | Int16Array;

/** Label indices as an image: one channel, 0 is background. */
export type LabelImage = Image<Uint8Array>;

/**
 * A scan of one slice as an image: 8 and 16 bits without a sign as they are, other numbers spread over 16 bits, from the
 * bottom to the top of the scan's first window or, without one, of its values.
 *
 * @param name What the message calls the scan: its path.
 * @throws {MedsslError} `ERR_IMAGE_DEPTH`
 */
export function imageOfScan({ shape, channels, data, windows }: Scan, name: string): Image {
  const [depth, height, width] = shape;
  if (depth !== 1) {
    throw new MedsslError("ERR_IMAGE_DEPTH", `${name}: expected one picture, got ${depth} slices`, {
      hint: "Save the slice that you mean as a picture of its own.",
    });
  }
  const isImage = data instanceof Uint8Array || data instanceof Uint16Array;
  return { width, height, channels, data: isImage ? data : spread(data, windows?.[0]) };
}

function spread(data: Samples, window: Window | undefined): Uint16Array {
  const [low, high] = window ? [window.center - window.width / 2, window.center + window.width / 2] : rangeOf(data);
  const scale = 65535 / (high - low || 1);
  // NaN, which floats may hold, becomes 0.
  return Uint16Array.from(data, (value) => Math.round(Math.min(Math.max((value - low) * scale, 0), 65535)));
}

/** The least and the greatest finite value. */
function rangeOf(data: Samples): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}
