/**
 * The part of a picture inside of a black border, as scanners and digitisers leave around films.
 *
 * Border   outer rows and columns in which fewer than 1% of the pixels are brighter than 4% of the picture's range.
 * Empty    a picture that is black all over is returned whole.
 * Fitted   whether a picture has one can be told from what a store or a network has of it, which is small.
 */

import { type Frame, innerBox } from "./fit.ts";
import type { Image, WholePixels } from "./image.ts";
import type { Samples } from "./scan.ts";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const MIN_BRIGHTNESS = 0.04;
const MIN_SHARE = 0.01;

/** @param image One channel [H, W]. */
export function blackBorder({ width, height, data }: Image<Samples>): Box {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const threshold = low + MIN_BRIGHTNESS * (high - low);
  const inColumn = new Uint32Array(width);
  const inRow = new Uint32Array(height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i]! <= threshold) continue;
      inColumn[x]! += 1;
      inRow[y]! += 1;
    }
  }
  const isBright = (length: number) => (count: number) => count > MIN_SHARE * length;
  const left = inColumn.findIndex(isBright(height));
  const top = inRow.findIndex(isBright(width));
  if (left === -1 || top === -1) return { left: 0, top: 0, width, height };
  const right = inColumn.findLastIndex(isBright(height));
  const bottom = inRow.findLastIndex(isBright(width));
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Share of a picture that a border takes at least. */
const MIN_BORDER_AREA = 0.01;

/**
 * Whether a picture of this size has a black border.
 *
 * @param pixels Of the picture in the frame, [frame.height, frame.width]. What pads it is no border.
 */
export function hasBlackBorder(pixels: WholePixels, frame: Frame, width: number, height: number): boolean {
  const inner = innerBox(width, height, frame);
  const left = Math.max(inner.left, 0);
  const top = Math.max(inner.top, 0);
  const seen = {
    ...{ left, top },
    width: Math.min(inner.left + inner.width, frame.width) - left,
    height: Math.min(inner.top + inner.height, frame.height) - top,
  };
  const image = { width: frame.width, height: frame.height, channels: 1, data: pixels } as const;
  const inside = blackBorder(cropImage<WholePixels>(image, seen));
  return inside.width * inside.height < (1 - MIN_BORDER_AREA) * seen.width * seen.height;
}

/** The pixels inside of the box. */
export function cropImage<Data extends Samples>(image: Image<Data>, box: Box): Image<Data> {
  const { width, channels, data } = image;
  const cut = data.slice(0, box.width * box.height * channels) as Data;
  for (let y = 0; y < box.height; y++) {
    const start = ((box.top + y) * width + box.left) * channels;
    cut.set(data.subarray(start, start + box.width * channels), y * box.width * channels);
  }
  return { width: box.width, height: box.height, channels, data: cut };
}
