/**
 * Puts images of any size into one size, and labels of that size back onto the image they were predicted for.
 *
 * Squash   both axes are scaled on their own: the whole size is used, the aspect is not kept.
 * Pad      one factor for both axes; the image is centered, the rest is 0 (black, background).
 */

import { emptyLike } from "./channels.ts";
import type { Image, LabelImage } from "./image.ts";
import { resizeImage, resizeLabels } from "./resize.ts";

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly fit: "squash" | "pad";
}

/** Fits a grey image into the frame. */
export function fitImage<Pixels extends Uint8Array | Uint16Array>(image: Image<Pixels>, frame: Frame): Image<Pixels> {
  const inner = innerBox(image.width, image.height, frame);
  return paste(resizeImage(image, inner.width, inner.height), inner, frame);
}

export function fitLabels(labels: LabelImage, frame: Frame): LabelImage {
  const inner = innerBox(labels.width, labels.height, frame);
  return paste(resizeLabels(labels, inner.width, inner.height), inner, frame);
}

/** The inverse of `fitLabels` for an image of this original size: the padding goes, the rest is scaled back. */
export function unfitLabels(labels: LabelImage, frame: Frame, width: number, height: number): LabelImage {
  const inner = innerBox(width, height, frame);
  const data = new Uint8Array(inner.width * inner.height);
  for (let y = 0; y < inner.height; y++) {
    const start = (inner.top + y) * frame.width + inner.left;
    data.set(labels.data.subarray(start, start + inner.width), y * inner.width);
  }
  return resizeLabels({ width: inner.width, height: inner.height, channels: 1, data }, width, height);
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Where in the frame an image of this size lies. */
function innerBox(width: number, height: number, frame: Frame): Box {
  if (frame.fit === "squash") return { left: 0, top: 0, width: frame.width, height: frame.height };
  const factor = Math.min(frame.width / width, frame.height / height);
  const innerWidth = Math.max(Math.round(width * factor), 1);
  const innerHeight = Math.max(Math.round(height * factor), 1);
  return {
    left: Math.floor((frame.width - innerWidth) / 2),
    top: Math.floor((frame.height - innerHeight) / 2),
    width: innerWidth,
    height: innerHeight,
  };
}

function paste<Pixels extends Uint8Array | Uint16Array>(
  image: Image<Pixels>,
  box: Box,
  { width, height }: Frame,
): Image<Pixels> {
  if (box.width === width && box.height === height) return image;
  const data = emptyLike(image.data, width * height);
  for (let y = 0; y < box.height; y++) {
    data.set(image.data.subarray(y * box.width, (y + 1) * box.width), (box.top + y) * width + box.left);
  }
  return { width, height, channels: 1, data };
}
