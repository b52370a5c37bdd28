/**
 * Bytes of any raster format to a `Raster`. libvips is loaded only for what we do not read ourselves.
 */

import { decodeBmp } from "../raster/bmp.ts";
import { decodeGif } from "../raster/gif.ts";
import { decodeJpeg } from "../raster/jpeg/jpeg.ts";
import { decodeJsrt } from "../raster/jsrt.ts";
import { decodePng } from "../raster/png.ts";
import { decodePnm } from "../raster/pnm.ts";
import type { Raster } from "../raster/raster.ts";
import { readDirectories } from "../raster/tiff/directory.ts";
import { decodeTiff, isOurs } from "../raster/tiff/tiff.ts";
import type { RasterFormat } from "./file-format.ts";
import { nodeZlib } from "./zlib.ts";

export async function decodeRaster(bytes: Uint8Array, name: string, format: RasterFormat): Promise<Raster> {
  switch (format) {
    case "png":
      return await decodePng(bytes, name, nodeZlib);
    case "gif":
      return decodeGif(bytes, name);
    case "bmp":
      return decodeBmp(bytes, name);
    case "pnm":
      return decodePnm(bytes, name);
    case "jsrt":
      return decodeJsrt(bytes, name);
    case "tiff": {
      const directories = readDirectories(bytes, name);
      return isOurs(directories, bytes)
        ? await decodeTiff(bytes, directories, name, nodeZlib)
        : await withSharp(bytes, name);
    }
    case "jpeg":
      return decodeJpeg(bytes, name);
    case "webp":
      return await withSharp(bytes, name);
  }
}

async function withSharp(bytes: Uint8Array, name: string): Promise<Raster> {
  const { decodeWithSharp } = await import("./decode-with-sharp.ts");
  return await decodeWithSharp(bytes, name);
}
