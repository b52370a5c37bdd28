/**
 * Pixels to PNG: grey or color, 8 or 16 bits, every value kept.
 */

import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import type { Image } from "../image.ts";

/** @param compressionLevel 0 to 9. */
export async function encodePng(image: Image, compressionLevel = 6): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  const is16Bit = data instanceof Uint16Array;
  const space = channels === 1 ? (is16Bit ? "grey16" : "b-w") : is16Bit ? "rgb16" : "srgb";
  return await sharp(data, { raw: { width, height, channels } })
    .toColourspace(space)
    .png({ compressionLevel })
    .toBuffer();
}

export async function writePng(path: string, image: Image): Promise<void> {
  await writeFile(path, await encodePng(image));
}
