/**
 * How the pixels of a data set are written: size, depth, color.
 *
 * Shapes   `numFrames` pictures of `rows` x `columns` x `samplesPerPixel`.
 * Bits     a value lies in the `bitsStored` bits up to `highBit` of each `bitsAllocated`; what lies above or below are
 *          retired overlays, or nothing.
 * Errors   `ERR_DICOM_NO_PIXELS`, `ERR_DICOM_PIXELS` for a description that contradicts itself, `ERR_IMAGE_TOO_LARGE`.
 * Source   PS3.3 C.7.6.3, C.7.6.24.
 */

import { MedsslError } from "@medssl/contract";
import { checkNumSamples } from "../limits.ts";
import type { DicomDataset } from "./dataset.ts";

export const pixelDataTag = "7FE00010";
const floatPixelDataTag = "7FE00008";
const doublePixelDataTag = "7FE00009";

export interface PixelFormat {
  /** The element that holds the pixels. */
  readonly tag: string;
  readonly rows: number;
  readonly columns: number;
  readonly numFrames: number;
  readonly samplesPerPixel: number;
  /** MONOCHROME2, RGB, YBR_FULL, PALETTE COLOR, ... */
  readonly photometric: string;
  /** The color planes of a frame follow one another. */
  readonly isPlanar: boolean;
  /** 1, 8, 16 or 32; of floats 32 or 64. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly isSigned: boolean;
  readonly isFloat: boolean;
}

export function readPixelFormat(dataset: DicomDataset): PixelFormat {
  const tag = [pixelDataTag, floatPixelDataTag, doublePixelDataTag].find((candidate) => dataset.has(candidate));
  if (!tag) {
    throw new MedsslError("ERR_DICOM_NO_PIXELS", `${dataset.name}: expected pixel data, got a data set without them`, {
      hint: "Reports, plans, structures and directories have none: leave the file out. An image without was cut off: copy it again.",
    });
  }
  const isFloat = tag !== pixelDataTag;
  const bitsAllocated = needed(dataset, "00280100", "BitsAllocated", isFloat ? [32, 64] : [1, 8, 16, 32]);
  const bitsStored = isFloat ? bitsAllocated : (dataset.number("00280101") ?? bitsAllocated);
  const format: PixelFormat = {
    tag,
    rows: needed(dataset, "00280010", "Rows"),
    columns: needed(dataset, "00280011", "Columns"),
    numFrames: Math.max(dataset.number("00280008") ?? 1, 1),
    samplesPerPixel: dataset.number("00280002") ?? 1,
    photometric: dataset.string("00280004")?.toUpperCase() ?? "MONOCHROME2",
    isPlanar: dataset.number("00280006") === 1,
    bitsAllocated,
    bitsStored,
    highBit: isFloat ? bitsAllocated - 1 : (dataset.number("00280102") ?? bitsStored - 1),
    isSigned: !isFloat && dataset.number("00280103") === 1,
    isFloat,
  };
  check(format, dataset.name);
  return format;
}

function needed(dataset: DicomDataset, tag: string, keyword: string, allowed?: readonly number[]): number {
  const value = dataset.number(tag);
  if (value !== undefined && (allowed ? allowed.includes(value) : value > 0)) return value;
  throw pixelsError(dataset.name, keyword, allowed?.join(", ") ?? "a size", value ?? "nothing");
}

function check(format: PixelFormat, name: string): void {
  const { rows, columns, numFrames, samplesPerPixel, bitsAllocated, bitsStored, highBit } = format;
  if (!Number.isInteger(numFrames)) throw pixelsError(name, "NumberOfFrames", "a count", numFrames);
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3 && samplesPerPixel !== 4) {
    throw pixelsError(name, "SamplesPerPixel", "1, 3 or 4", samplesPerPixel);
  }
  if (!(bitsStored >= 1 && bitsStored <= bitsAllocated)) {
    throw pixelsError(name, "BitsStored", `1 to ${bitsAllocated}`, bitsStored);
  }
  if (!(highBit >= bitsStored - 1 && highBit < bitsAllocated)) {
    throw pixelsError(name, "HighBit", `${bitsStored - 1} to ${bitsAllocated - 1}`, highBit);
  }
  checkNumSamples(name, columns, rows, numFrames, samplesPerPixel);
}

/** `ERR_DICOM_PIXELS` about one attribute. */
export function pixelsError(name: string, keyword: string, expected: string, got: string | number): MedsslError {
  return new MedsslError("ERR_DICOM_PIXELS", `${name}, ${keyword}: expected ${expected}, got ${got}`, {
    hint: "The file contradicts itself; look at it with `dcmdump` and export it again.",
  });
}
