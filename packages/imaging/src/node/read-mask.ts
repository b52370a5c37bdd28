/**
 * Mask files to raw values: what the file says, before any meaning is given to a value.
 *
 * Grey      its values. A color file whose three channels agree counts as grey.
 * Palette   its indices, which is how label editors write classes; but the greys of a palette
 *           that holds nothing else.
 * Color     `ERR_MASK_COLOR`: colors have no order, so no label can be told from them.
 */

import { MedsslError } from "@medssl/contract";
import type { Image } from "../image.ts";
import { decodeLabelPng } from "./indexed-png.ts";
import { decodeImage, readImageBytes } from "./read-image.ts";

export async function readMask(path: string): Promise<Image> {
  return decodeMask(await readImageBytes(path), path);
}

/** One channel of raw mask values. */
export async function decodeMask(bytes: Uint8Array, name: string): Promise<Image> {
  const labels = decodeLabelPng(bytes, name);
  if (labels) return labels;
  const image = await decodeImage(bytes, name);
  if (image.channels === 1) return image;
  const { width, height, data } = image;
  const gray = data.filter((_, i) => i % 3 === 0);
  for (let i = 0; i < gray.length; i++) {
    if (data[i * 3 + 1] !== gray[i] || data[i * 3 + 2] !== gray[i]) {
      throw new MedsslError("ERR_MASK_COLOR", `${name}: expected one value a pixel, got colors`, {
        hint: "Save masks as grey or palette PNG: 0 for background, 1, 2, ... for the labels.",
      });
    }
  }
  return { width, height, channels: 1, data: gray };
}
