/**
 * Pixels to JPEG: grey or color, 8 bits. Values change a little, as always with JPEG.
 */

import sharp from "sharp";
import type { Image } from "../image.ts";

/** @param quality 1-100; 90 is hard to tell from the original. */
export async function encodeJpeg(image: Image<Uint8Array>, quality: number): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  return await sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .jpeg({ quality })
    .toBuffer();
}
