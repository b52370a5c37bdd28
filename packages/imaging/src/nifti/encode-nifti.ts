/**
 * A scan to the bytes of a NIfTI file, so that every reader gets the same numbers at the same places.
 *
 * Types    the scan's own; colors of 8 bits are RGB24. No scaling.
 * Version  NIfTI-1, which everybody reads; NIfTI-2 where an axis has more than 32767 voxels.
 * Affine   as the sform ("aligned"), in the header's floats: 32 bits in NIfTI-1. A scan without one has neither form, only
 *          the sizes of its voxels, as far as they are known.
 * Errors   `ERR_NIFTI_TYPE`: colors of more than 8 bits.
 */

import { MedsslError } from "@medssl/contract";
import { spacingOf } from "../geometry/affine.ts";
import type { Samples, Scan } from "../scan.ts";

const CODES: Readonly<Record<Samples[typeof Symbol.toStringTag], number>> = {
  Uint8Array: 2,
  Int16Array: 4,
  Int32Array: 8,
  Float32Array: 16,
  Float64Array: 64,
  Int8Array: 256,
  Uint16Array: 512,
  Uint32Array: 768,
};
const RGB24 = 128;
const MILLIMETRES = 2;
const ALIGNED = 2;

export function encodeNifti(scan: Scan): Uint8Array {
  const { shape, channels, data, affine } = scan;
  if (channels === 3 && !(data instanceof Uint8Array)) {
    throw new MedsslError("ERR_NIFTI_TYPE", "encodeNifti: expected colors of 8 bits, got more", {
      hint: "Turn the colors to 8 bits first (toUint8).",
    });
  }
  const [depth, height, width] = shape;
  const dims = [3, width, height, depth, 1, 1, 1, 1];
  const type = channels === 3 ? RGB24 : CODES[data[Symbol.toStringTag]];
  const bitsPerVoxel = channels * data.BYTES_PER_ELEMENT * 8;
  const [z, y, x] = affine === undefined ? (scan.spacingMm ?? [1, 1, 1]) : spacingOf(affine);
  const pixdim = [1, x, y, Number.isFinite(z) ? z : 1, 1, 1, 1, 1];
  const fields = { dims, type, bitsPerVoxel, pixdim, affine };
  const header = Math.max(...shape) > 32767 ? header2(fields) : header1(fields);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

interface Fields {
  readonly dims: readonly number[];
  readonly type: number;
  readonly bitsPerVoxel: number;
  readonly pixdim: readonly number[];
  readonly affine: Scan["affine"];
}

/** 348 bytes, and four that say that nothing else stands before the voxels. */
function header1({ dims, type, bitsPerVoxel, pixdim, affine }: Fields): Uint8Array {
  const bytes = new Uint8Array(352);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  for (const [i, size] of dims.entries()) view.setInt16(40 + 2 * i, size, true);
  view.setInt16(70, type, true);
  view.setInt16(72, bitsPerVoxel, true);
  for (const [i, mm] of pixdim.entries()) view.setFloat32(76 + 4 * i, mm, true);
  view.setFloat32(108, bytes.length, true);
  view.setFloat32(112, 1, true);
  view.setUint8(123, MILLIMETRES);
  if (affine !== undefined) {
    view.setInt16(254, ALIGNED, true);
    for (let i = 0; i < 12; i++) view.setFloat32(280 + 4 * i, affine[i]!, true);
  }
  bytes.set(ascii("n+1\0"), 344);
  return bytes;
}

function header2({ dims, type, bitsPerVoxel, pixdim, affine }: Fields): Uint8Array {
  const bytes = new Uint8Array(544);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 540, true);
  bytes.set(ascii("n+2\0\r\n\x1a\n"), 4);
  view.setInt16(12, type, true);
  view.setInt16(14, bitsPerVoxel, true);
  for (const [i, size] of dims.entries()) view.setBigInt64(16 + 8 * i, BigInt(size), true);
  for (const [i, mm] of pixdim.entries()) view.setFloat64(104 + 8 * i, mm, true);
  view.setBigInt64(168, BigInt(bytes.length), true);
  view.setFloat64(176, 1, true);
  view.setInt32(500, MILLIMETRES, true);
  if (affine !== undefined) {
    view.setInt32(348, ALIGNED, true);
    for (let i = 0; i < 12; i++) view.setFloat64(400 + 8 * i, affine[i]!, true);
  }
  return bytes;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
