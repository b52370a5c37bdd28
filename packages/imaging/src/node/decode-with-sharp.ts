/**
 * The formats and dialects that libvips reads and we do not: WebP, TIFF with JPEG, fax or other compressions.
 *
 * Values   8 or 16 bits; no color profile is applied. Of several pages the first.
 * Errors   `ERR_IMAGE_CORRUPT`, `ERR_IMAGE_TOO_LARGE`.
 */

import sharp from "sharp";
import { checkNumSamples } from "../limits.ts";
import type { Raster } from "../raster/raster.ts";
import { corruptImage, reasonOf } from "../raster/raster-error.ts";

export async function decodeWithSharp(bytes: Uint8Array, name: string): Promise<Raster<Uint8Array | Uint16Array>> {
  // Only what can fail because of the file; the limit is ours, and stricter.
  const attempt = <Value>(work: Promise<Value>): Promise<Value> =>
    work.catch((cause) => {
      throw corruptImage(name, reasonOf(cause), cause);
    });
  const picture = sharp(bytes, { ignoreIcc: true, limitInputPixels: false });
  const { width, height, depth, space, pages = 1 } = await attempt(picture.metadata());
  checkNumSamples(name, width, height, 4);
  const is16Bit = depth === "ushort";
  const isGray = space === "b-w" || space === "grey16";
  const { data, info } = await attempt(
    picture
      .removeAlpha()
      .toColourspace(isGray ? (is16Bit ? "grey16" : "b-w") : is16Bit ? "rgb16" : "srgb")
      .raw({ depth: is16Bit ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true }),
  );
  const pixels = new Uint8Array(data);
  return {
    shape: [1, info.height, info.width],
    channels: isGray ? 1 : 3,
    data: is16Bit ? new Uint16Array(pixels.buffer) : pixels,
    warnings: pages > 1 ? [`The first of ${pages} pages was read.`] : undefined,
  };
}
