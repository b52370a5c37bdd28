/**
 * Images' bytes in a browser, a worker too. All formats of Node but TIFF in JPEG, fax and other rare compressions; WebP is
 * the browser's own.
 */
import { decodeScanWith } from "../decode-scan.ts";
import { checkNumSamples } from "../limits.ts";
import type { Raster } from "../raster/raster.ts";
import { corruptImage, foreignImage, reasonOf } from "../raster/raster-error.ts";
import type { Scan } from "../scan.ts";
import { browserInflater } from "./inflater.ts";

/** @param name What the messages call the file. */
export async function decodeScan(bytes: Uint8Array, name: string): Promise<Scan> {
  return await decodeScanWith({ inflater: browserInflater, decodeForeign }, bytes, name);
}

async function decodeForeign(bytes: Uint8Array, name: string, format: "tiff" | "webp"): Promise<Raster> {
  if (format === "tiff") throw foreignImage(name, "this kind of TIFF is not read in a browser");
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/webp" });
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;
  const bitmap = await createImageBitmap(blob, options).catch((cause) => {
    throw corruptImage(name, reasonOf(cause), cause);
  });
  const { width, height } = bitmap;
  checkNumSamples(name, width, height, 4);
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let source = 0, target = 0; target < data.length; source += 4, target += 3) {
    data.set(rgba.subarray(source, source + 3), target);
  }
  return { shape: [1, height, width], channels: 3, data };
}
