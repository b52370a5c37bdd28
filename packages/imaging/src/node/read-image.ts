/**
 * Image files as 2D pictures of whole numbers, for programs that work on one picture at a time: whatever `readScan` reads
 * that has a single slice.
 *
 * Depth    8-bit files give `Uint8Array`, 16-bit ones `Uint16Array` with every bit kept; others see `imageOfScan`.
 * Errors   those of `readScan`, and `ERR_IMAGE_DEPTH` for volumes.
 */

import { type Image, imageOfScan } from "../image.ts";
import { decodeScan, readImageBytes } from "./read-scan.ts";

/** Extensions of the files that may be images, lower case. What is in them decides; DICOM often has none. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  ...[".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp"],
  ...[".pbm", ".pgm", ".ppm", ".pnm", ".dcm", ".nii", ".gz", ".img"],
];

export async function readImage(path: string): Promise<Image> {
  return await decodeImage(await readImageBytes(path), path);
}

/** @param name What the messages call the image: its path. */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<Image> {
  return imageOfScan(await decodeScan(bytes, name), name);
}
