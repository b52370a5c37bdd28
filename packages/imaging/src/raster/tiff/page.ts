/**
 * What a page of a TIFF file is, told from its directory and checked.
 *
 * Errors    `ERR_IMAGE_CORRUPT`, `ERR_IMAGE_TOO_LARGE`.
 * Source    TIFF, revision 6.0 (Aldus, 1992), sections 3 to 8, 14, 15 and 19.
 */

import { checkNumSamples } from "../../limits.ts";
import { corruptImage } from "../raster-error.ts";
import { type Directory, TAG } from "./directory.ts";

/** A rectangle of pixels that is stored in one piece; those at the border may reach beyond the picture. */
export interface Segment {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The only channel in it, where channels are stored one after the other. */
  readonly plane: number | undefined;
  readonly start: number;
  readonly numBytes: number;
}

export interface Page {
  readonly width: number;
  readonly height: number;
  /** Samples a pixel in the file. */
  readonly samples: number;
  readonly bits: number;
  readonly format: "uint" | "int" | "float";
  readonly photometric: number;
  readonly compression: number;
  readonly predictor: number;
  readonly isPlanar: boolean;
  /** Red, green and blue of each index, 8 bits. */
  readonly palette: Uint8Array | undefined;
  readonly segments: readonly Segment[];
}

/** Bytes that one byte can stand for at most, in the tightest of the compressions (LZW). */
const MAX_RATIO = 4096;

const FORMATS = ["uint", "int", "float", "uint"] as const;

export function readPage(directory: Directory, fileBytes: number, name: string): Page {
  const value = (tag: number, otherwise: number) => directory.get(tag)?.[0] ?? otherwise;
  const [width, height] = [value(TAG.width, 0), value(TAG.height, 0)];
  const samples = value(TAG.samplesPerPixel, 1);
  const bits = value(TAG.bitsPerSample, 1);
  if (width === 0 || height === 0 || samples === 0 || bits === 0) {
    throw corruptImage(name, `its header says ${width} x ${height} pixels, ${samples} samples of ${bits} bits`);
  }
  checkNumSamples(name, width, height, samples);
  const isPlanar = value(TAG.planarConfiguration, 1) === 2 && samples > 1;
  const colors = directory.get(TAG.colorMap);
  const page = {
    ...{ width, height, samples, bits, isPlanar },
    // A page of samples that differ in size is none of ours: see `isOurs`.
    format: FORMATS[value(TAG.sampleFormat, 1) - 1] ?? "uint",
    photometric: value(TAG.photometric, samples >= 3 ? 2 : 1),
    compression: value(TAG.compression, 1),
    predictor: value(TAG.predictor, 1),
    palette: value(TAG.photometric, 1) === 3 && colors ? paletteOf(colors) : undefined,
  };
  const segments = readSegments(page, directory, fileBytes, name);
  const numBytes = segments.reduce((sum, segment) => sum + segment.numBytes, 0);
  if (numBytes * MAX_RATIO < (width * height * samples * bits) / 8) throw corruptImage(name, "too short for its size");
  return { ...page, segments };
}

/** 16-bit colors, all reds first. */
function paletteOf(colors: readonly number[]): Uint8Array {
  const numColors = Math.floor(colors.length / 3);
  return Uint8Array.from({ length: numColors * 3 }, (_, i) => colors[(i % 3) * numColors + Math.floor(i / 3)]! >> 8);
}

function readSegments(
  { width, height, samples, isPlanar }: Omit<Page, "segments">,
  directory: Directory,
  fileBytes: number,
  name: string,
): Segment[] {
  const isTiled = directory.has(TAG.tileOffsets);
  const starts = directory.get(isTiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [];
  const segmentWidth = isTiled ? (directory.get(TAG.tileWidth)?.[0] ?? 0) : width;
  const segmentHeight = isTiled
    ? (directory.get(TAG.tileHeight)?.[0] ?? 0)
    : Math.min(directory.get(TAG.rowsPerStrip)?.[0] ?? height, height);
  if (segmentWidth === 0 || segmentHeight === 0) throw corruptImage(name, "parts of no size");
  checkNumSamples(name, segmentWidth, segmentHeight, samples);
  const [columns, rows] = [Math.ceil(width / segmentWidth), Math.ceil(height / segmentHeight)];
  const perPlane = columns * rows;
  const count = perPlane * (isPlanar ? samples : 1);
  if (starts.length < count) throw corruptImage(name, `${starts.length} parts instead of ${count}`);
  const sizes = directory.get(isTiled ? TAG.tileByteCounts : TAG.stripByteCounts);
  return Array.from({ length: count }, (_, i) => {
    const start = starts[i]!;
    // Old writers leave the size out where nothing is compressed: the rest of the file holds the part then.
    const numBytes = sizes?.[i] ?? fileBytes - start;
    if (start + numBytes > fileBytes || numBytes < 0)
      throw corruptImage(name, `part ${i + 1} of ${count} lies outside the file`);
    const inPlane = i % perPlane;
    const y = Math.floor(inPlane / columns) * segmentHeight;
    return {
      ...{ x: (inPlane % columns) * segmentWidth, y, width: segmentWidth, start, numBytes },
      // The last strip ends with the picture; tiles are all of one size.
      height: isTiled ? segmentHeight : Math.min(segmentHeight, height - y),
      plane: isPlanar ? Math.floor(i / perPlane) : undefined,
    };
  });
}
