/**
 * One way in for the bytes of every format: DICOM, NIfTI, PNG, JPEG, TIFF, GIF, BMP, WebP, Netpbm, JSRT's pictures, and any
 * of them in gzip; in Node and in browsers.
 *
 * Format    told by what is in the file; by its name only for JSRT's, which have no mark.
 * Codecs    are loaded when a file needs them: a reader of PNGs has no DICOM codec in memory.
 * Several   volumes of a NIfTI file: the first, with a warning. Frames and pages of all others are slices.
 * Errors    `ERR_IMAGE_FORMAT` (none of these), `ERR_IMAGE_CORRUPT` (truncated or damaged: never half an image),
 *           `ERR_IMAGE_TOO_LARGE`, and those of DICOM and NIfTI.
 */

import { type FileFormat, formatOf, type RasterFormat } from "./file-format.ts";
import type { Inflater } from "./inflater.ts";
import type { NiftiFile } from "./nifti/nifti-file.ts";
import { decodeBmp } from "./raster/bmp.ts";
import { decodeGif } from "./raster/gif.ts";
import { decodeJpeg } from "./raster/jpeg/jpeg.ts";
import { decodeJsrt } from "./raster/jsrt.ts";
import { decodePng } from "./raster/png.ts";
import { decodePnm } from "./raster/pnm.ts";
import { type Raster, scanOfRaster } from "./raster/raster.ts";
import { corruptImage, foreignImage, reasonOf } from "./raster/raster-error.ts";
import { readDirectories } from "./raster/tiff/directory.ts";
import { decodeTiff, isOurs } from "./raster/tiff/tiff.ts";
import type { Scan } from "./scan.ts";

/** What is not the same in Node and in a browser. */
export interface Decoders {
  readonly inflater: Inflater;
  /** WebP, and TIFF in compressions that are not read here. */
  decodeForeign(bytes: Uint8Array, name: string, format: "tiff" | "webp"): Promise<Raster>;
}

/** Of a file that is not NIfTI: no picture inflates to more. */
const MAX_INFLATED_BYTES = 2 ** 28;

/** Compressed bytes that are inflated to see what is in them. */
const PEEK_BYTES = 512;

/** @param name What the messages call the file: its path. @param finish What a picture becomes. */
export async function decodeScanWith(
  decoders: Decoders,
  bytes: Uint8Array,
  name: string,
  finish: (raster: Raster) => Scan = scanOfRaster,
): Promise<Scan> {
  const { format, content } = await open(bytes, name, decoders.inflater);
  if (format === "nifti") return await decodeFirstVolume(content, name, decoders.inflater);
  if (format === "dicom") return await decodeDicom(content, name);
  return finish(await decodeRaster(content, name, format, decoders));
}

/** The format, and the bytes to decode: inflated, but for NIfTI, whose reader knows how much to expect. */
async function open(
  bytes: Uint8Array,
  name: string,
  inflater: Inflater,
): Promise<{ format: Exclude<FileFormat, "gzip">; content: Uint8Array }> {
  if (bytes.length === 0) throw corruptImage(name, "the file is empty, 0 bytes");
  const format = formatOf(bytes, name);
  if (format === undefined) {
    throw foreignImage(
      name,
      "expected an image (DICOM, NIfTI, PNG, JPEG, TIFF, GIF, BMP, WebP, PNM); its first bytes belong to none",
    );
  }
  if (format !== "gzip") return { format, content: bytes };
  try {
    const begin = inflater.gunzipHead(bytes.subarray(0, PEEK_BYTES));
    if (formatOf(begin, name) === "nifti") return { format: "nifti", content: bytes };
    const content = await inflater.gunzip(bytes, MAX_INFLATED_BYTES);
    const inner = formatOf(content, name.replace(/\.gz$/i, ""));
    if (inner !== undefined && inner !== "gzip") return { format: inner, content };
  } catch (cause) {
    throw corruptImage(name, reasonOf(cause), cause);
  }
  throw foreignImage(name, "expected an image in gzip, got something else");
}

async function decodeRaster(
  bytes: Uint8Array,
  name: string,
  format: RasterFormat,
  { inflater, decodeForeign }: Decoders,
): Promise<Raster> {
  switch (format) {
    case "png":
      return await decodePng(bytes, name, inflater);
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
        ? await decodeTiff(bytes, directories, name, inflater)
        : await decodeForeign(bytes, name, "tiff");
    }
    case "jpeg":
      return decodeJpeg(bytes, name);
    case "webp":
      return await decodeForeign(bytes, name, "webp");
  }
}

async function decodeFirstVolume(bytes: Uint8Array, name: string, inflater: Inflater): Promise<Scan> {
  const { decodeNiftiWith } = await import("./nifti/decode-nifti.ts");
  return firstVolume(await decodeNiftiWith(inflater, bytes, name));
}

export function firstVolume(file: NiftiFile): Scan {
  const scan = file.volume(0);
  if (file.numVolumes === 1) return scan;
  return { ...scan, warnings: [...(scan.warnings ?? []), `The first of ${file.numVolumes} volumes was read.`] };
}

async function decodeDicom(bytes: Uint8Array, name: string): Promise<Scan> {
  const [{ parseDicom }, { scanOfDicom }] = await Promise.all([
    import("./dicom/dataset.ts"),
    import("./dicom/scan-of-dicom.ts"),
  ]);
  return await scanOfDicom(parseDicom(bytes, name));
}
