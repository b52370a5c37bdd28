/**
 * Which format a file has, by what is in it; by its name only where nothing in it says so.
 */

import { isNifti } from "./nifti/nifti-fields.ts";
import { isBmp } from "./raster/bmp.ts";
import { isGif } from "./raster/gif.ts";
import { isJpeg } from "./raster/jpeg/jpeg.ts";
import { isJsrt } from "./raster/jsrt.ts";
import { isPng } from "./raster/png.ts";
import { isPnm } from "./raster/pnm.ts";
import { isTiff } from "./raster/tiff/directory.ts";

export type FileFormat = RasterFormat | "dicom" | "nifti" | "gzip";

export type RasterFormat = "png" | "jpeg" | "tiff" | "gif" | "bmp" | "webp" | "pnm" | "jsrt";

/** In the order in which they are asked. */
const TESTS: readonly (readonly [FileFormat, (bytes: Uint8Array, name: string) => boolean])[] = [
  // A DICOM preamble may hold a TIFF file's header, so that one file is both.
  ["dicom", (bytes) => hasText(bytes, 128, "DICM") || hasText(bytes, 0, "DICM")],
  ["png", isPng],
  ["jpeg", isJpeg],
  ["tiff", isTiff],
  ["gif", isGif],
  ["webp", (bytes) => hasText(bytes, 0, "RIFF") && hasText(bytes, 8, "WEBP")],
  ["gzip", (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8],
  ["nifti", isNifti],
  ["bmp", isBmp],
  ["pnm", isPnm],
  ["jsrt", isJsrt],
  ["dicom", beginsWithElement],
];

/** @param name The file's, for formats without a mark. */
export function formatOf(bytes: Uint8Array, name: string): FileFormat | undefined {
  return TESTS.find(([, isIt]) => isIt(bytes, name))?.[0];
}

function hasText(bytes: Uint8Array, start: number, text: string): boolean {
  return text.split("").every((letter, i) => bytes[start + i] === letter.charCodeAt(0));
}

/** A DICOM file without preamble begins with an element of group 2 or 8, in either byte order. */
function beginsWithElement(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const [low, high] = [bytes[0]!, bytes[1]!];
  return (low === 0 || high === 0) && [2, 8].includes(low | high) && (bytes[2] === 0 || bytes[3] === 0);
}
