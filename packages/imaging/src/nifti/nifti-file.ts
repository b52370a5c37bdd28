/**
 * A NIfTI file in memory, volume by volume.
 *
 * Shapes   voxels lie in the file with x fastest, then y and z: [depth, height, width] of a scan without any move.
 * Copies   see voxels.ts: a volume may be a view of the bytes that were passed in. Do not write into either.
 * Meaning  NIfTI names no modality: values are `relative` until somebody who knows says that they are Hounsfield units;
 *          RGB is `shown`.
 * Inflate  these bytes are inflated ones; `.nii.gz` is read by decode-nifti.ts.
 * Errors   those of the header, and `ERR_NIFTI_CORRUPT` where fewer bytes are there than it promises.
 */

import { MedsslError } from "@medssl/contract";
import type { Scan } from "../scan.ts";
import { type NiftiHeader, parseNiftiHeader } from "./nifti-header.ts";
import { readVoxels, scaleVoxels } from "./voxels.ts";

export interface NiftiFile {
  readonly header: NiftiHeader;
  /** 1 for a picture or a volume; a movie or a set of maps has several. */
  readonly numVolumes: number;
  /** @param index 0 to `numVolumes` - 1, the fourth axis fastest. */
  volume(index: number): Scan;
}

/**
 * @param name What the messages call the file: its path.
 * @param image Bytes of the `.img` of a pair; a `.nii` has its voxels in `bytes`.
 */
export function parseNifti(bytes: Uint8Array, name: string, image?: Uint8Array): NiftiFile {
  const header = parseNiftiHeader(bytes, name);
  if (header.isPair && image === undefined) {
    throw new MedsslError("ERR_NIFTI_FORMAT", `${name}: expected a header with its voxels, got the header of a pair`, {
      hint: "Name the .hdr file and keep the .img file beside it.",
    });
  }
  const data = image ?? bytes;
  checkBytes(header, data.length, name);
  return { header, numVolumes: header.numVolumes, volume: (index) => volumeOf(header, data, index) };
}

/** Refuses a file that has fewer bytes than its header promises. */
function checkBytes({ dataOffset, dataBytes }: NiftiHeader, numBytes: number, name: string): void {
  if (numBytes >= dataOffset + dataBytes) return;
  const there = Math.max(numBytes - dataOffset, 0);
  throw new MedsslError("ERR_NIFTI_CORRUPT", `${name}: expected ${dataBytes} bytes of voxels, got ${there}`, {
    hint: "The file was not copied to its end; copy or download it again.",
  });
}

function volumeOf(header: NiftiHeader, data: Uint8Array, index: number): Scan {
  const { type, slope, intercept, dataOffset, dataBytes, numVolumes, isLittleEndian, spacingMm, warnings } = header;
  const volumeBytes = dataBytes / numVolumes;
  const start = dataOffset + index * volumeBytes;
  const stored = readVoxels(data.subarray(start, start + volumeBytes), type, isLittleEndian);
  const isRounded = type.endsWith("int64") && stored instanceof Float64Array;
  return {
    shape: header.shape,
    channels: type === "rgb24" ? 3 : 1,
    data: scaleVoxels(stored, slope, intercept),
    meaning: type === "rgb24" ? "shown" : "relative",
    affine: header.affine,
    spacingMm,
    warnings: isRounded ? [...warnings, "64-bit integers became floats: beyond 2^53 they are rounded."] : warnings,
  };
}
