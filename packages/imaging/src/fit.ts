/**
 * Puts images of any size into one size, and labels of that size back onto the image they were predicted for.
 *
 * Squash   both axes are scaled on their own: the whole size is used, the aspect is not kept.
 * Pad      one factor for both axes; the image is centered, the rest is black: 0, and air (-1024 HU) in int16.
 * Crop     one factor for both axes, so that the short side fills the size; the ends of the long side are left out.
 */

import type { Box } from "./black-border.ts";
import { emptyLike } from "./channels.ts";
import { enlargeLabels, type MarginedLabels } from "./enlarge-labels.ts";
import { AIR_HU } from "./hounsfield.ts";
import type { Image, LabelImage, WholePixels } from "./image.ts";
import type { Shorts } from "./intensity.ts";
import { resizeImage, resizeLabels, resizeLevels } from "./resize.ts";
import type { Samples } from "./scan.ts";

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly fit: "squash" | "pad" | "crop";
}

/** Fits a grey image into the frame. */
export function fitImage<Pixels extends WholePixels>(image: Image<Pixels>, frame: Frame): Image<Pixels> {
  const inner = innerBox(image.width, image.height, frame);
  return paste(resizeImage(image, inner.width, inner.height), inner, frame);
}

/** The same of 16 bits that become 8 by a table (`levelTable`). */
export function fitLevels(image: Image<Shorts>, table: Uint8Array, frame: Frame): Image<Uint8Array> {
  const inner = innerBox(image.width, image.height, frame);
  return paste(resizeLevels(image, table, { width: inner.width, height: inner.height }), inner, frame);
}

export function fitLabels(labels: LabelImage, frame: Frame): LabelImage {
  const inner = innerBox(labels.width, labels.height, frame);
  return paste(resizeLabels(labels, inner.width, inner.height), inner, frame);
}

/**
 * The inverse of `fitLabels` for an image of this original size: the padding goes, the rest is scaled back. What a crop
 * left out is background.
 */
export function unfitLabels(labels: LabelImage, frame: Frame, width: number, height: number): LabelImage {
  return resizeLabels(unframe(labels, frame, width, height), width, height);
}

/** No label: a pixel that the network did not see. */
const NOT_SEEN = 255;

/**
 * The same with the labels' margins (enlarge-labels.ts), for images that `isReduced`: borders run where the network sees
 * them, not along the frame's pixels. At the ends of what a crop left out, where there is no margin, labels go to the nearest
 * pixel.
 *
 * @param small All in the frame.
 */
export function unfitMargined(
  { labels, found, margins }: Pick<MarginedLabels, "labels" | "found" | "margins">,
  frame: Frame,
  width: number,
  height: number,
): LabelImage {
  const ofFrame = <Values extends Samples>(data: Values, outside = 0) =>
    unframe({ width: frame.width, height: frame.height, channels: 1, data }, frame, width, height, outside);
  const { data, ...size } = ofFrame(labels);
  const small = {
    ...{ ...size, labels: data },
    found: ofFrame(found, NOT_SEEN).data,
    margins: margins.map((one) => ofFrame(one).data),
  };
  return enlargeLabels(small, width, height);
}

/** Whether an image of this size is made smaller in the frame. */
export function isReduced(width: number, height: number, frame: Frame): boolean {
  const inner = innerBox(width, height, frame);
  return inner.width <= width && inner.height <= height && inner.width * inner.height < width * height;
}

/** The same for grey values, such as how likely a label is: bicubic. */
export function unfitValues(values: Image<Uint8Array>, frame: Frame, width: number, height: number): Image<Uint8Array> {
  return resizeImage(unframe(values, frame, width, height), width, height);
}

/** What of the frame is image; `outside` where a crop left it out. */
function unframe<Values extends Samples>(
  image: Image<Values>,
  frame: Frame,
  width: number,
  height: number,
  outside = 0,
) {
  const inner = innerBox(width, height, frame);
  const data = emptyLike(image.data, inner.width * inner.height);
  if (outside !== 0) data.fill(outside);
  const whole = { width: inner.width, height: inner.height, channels: 1, data } as const;
  copyOverlap(image, whole, -inner.left, -inner.top);
  return whole;
}

/** Shares of a picture's width and height from its upper left corner, 0-1 inside of it. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Where a place of an image of this size comes to lie in the frame; outside of 0-1 where a crop leaves it out. */
export function fitPlace({ x, y }: Place, frame: Frame, width: number, height: number): Place {
  const inner = innerBox(width, height, frame);
  return { x: (inner.left + x * inner.width) / frame.width, y: (inner.top + y * inner.height) / frame.height };
}

/** The inverse of `fitPlace`; outside of 0-1 on what pads the image. */
export function unfitPlace({ x, y }: Place, frame: Frame, width: number, height: number): Place {
  const inner = innerBox(width, height, frame);
  return { x: (x * frame.width - inner.left) / inner.width, y: (y * frame.height - inner.top) / inner.height };
}

/** Size of the frame's pixels [y, x] where those of an image of this size are `spacing`, in the same unit. */
export function fitSpacing(
  [spacingY, spacingX]: readonly [number, number],
  frame: Frame,
  width: number,
  height: number,
): [number, number] {
  const inner = innerBox(width, height, frame);
  return [(spacingY * height) / inner.height, (spacingX * width) / inner.width];
}

/** Where in the frame an image of this size lies; a cropped image reaches beyond the frame. */
export function innerBox(width: number, height: number, frame: Frame): Box {
  if (frame.fit === "squash") return { left: 0, top: 0, width: frame.width, height: frame.height };
  const factors = [frame.width / width, frame.height / height];
  const factor = frame.fit === "pad" ? Math.min(...factors) : Math.max(...factors);
  const innerWidth = Math.max(Math.round(width * factor), 1);
  const innerHeight = Math.max(Math.round(height * factor), 1);
  return {
    left: Math.floor((frame.width - innerWidth) / 2),
    top: Math.floor((frame.height - innerHeight) / 2),
    width: innerWidth,
    height: innerHeight,
  };
}

function paste<Pixels extends WholePixels>(image: Image<Pixels>, box: Box, { width, height }: Frame): Image<Pixels> {
  if (box.width === width && box.height === height) return image;
  const data = emptyLike(image.data, width * height);
  if (data instanceof Int16Array) data.fill(AIR_HU);
  const framed = { width, height, channels: 1, data } as const;
  copyOverlap(image, framed, box.left, box.top);
  return framed;
}

/** Copies what of `source`, placed at (left, top), lies inside of `target`. */
function copyOverlap<Values extends Samples>(
  source: Image<Values>,
  target: Image<Values>,
  left: number,
  top: number,
): void {
  const from = Math.max(-left, 0);
  const until = Math.min(source.width, target.width - left);
  for (let y = Math.max(-top, 0); y < Math.min(source.height, target.height - top); y++) {
    const row = source.data.subarray(y * source.width + from, y * source.width + until);
    target.data.set(row as never, (top + y) * target.width + left + from);
  }
}
