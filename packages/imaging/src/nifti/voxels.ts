/**
 * Stored bytes to numbers: byte order, 64-bit integers, slope and intercept.
 *
 * Copies   none where the bytes lie as this machine reads them: then the numbers are a view of the file's bytes.
 * 64 bits  become `Int32Array` where every value fits, else `Float64Array`, which rounds beyond 2^53.
 * Scaling  integers that are scaled by whole numbers stay integers, of 16 bits where all values fit, else of 32. Other
 *          results are float32, but float64 of what has more than its 24 bits: float64 and 32-bit integers. nibabel's are
 *          all float64, of which these are the rounded ones.
 */

import { extremes, integerRange } from "../geometry/samples.ts";
import type { Samples } from "../scan.ts";
import type { NiftiType } from "./nifti-header.ts";

const ARRAYS = {
  uint8: Uint8Array,
  rgb24: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** @param bytes Exactly those of the voxels. */
export function readVoxels(bytes: Uint8Array, type: NiftiType, isLittleEndian: boolean): Samples {
  if (type === "int64" || type === "uint64") return readLongIntegers(bytes, type, isLittleEndian);
  const Numbers = ARRAYS[type];
  const width = Numbers.BYTES_PER_ELEMENT;
  const isSwapped = !isLittleEndian && width > 1;
  const own = isSwapped || bytes.byteOffset % width !== 0 ? new Uint8Array(bytes) : bytes;
  if (isSwapped) swapBytes(own, width);
  return new Numbers(own.buffer as ArrayBuffer, own.byteOffset, own.byteLength / width);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let i = start, j = start + width - 1; i < j; i++, j--) {
      const byte = bytes[i]!;
      bytes[i] = bytes[j]!;
      bytes[j] = byte;
    }
  }
}

/** By halves: 64-bit integers of the language are objects, and slow. */
function readLongIntegers(bytes: Uint8Array, type: "int64" | "uint64", isLittleEndian: boolean): Samples {
  const halves = readVoxels(bytes, "int32", isLittleEndian) as Int32Array;
  const [low, high] = isLittleEndian ? [0, 1] : [1, 0];
  const numVoxels = halves.length / 2;
  const integers = new Int32Array(numVoxels);
  let isSmall = true;
  for (let i = 0; i < numVoxels && isSmall; i++) {
    const value = halves[2 * i + low]!;
    integers[i] = value;
    isSmall = type === "int64" ? halves[2 * i + high] === value >> 31 : halves[2 * i + high] === 0 && value >= 0;
  }
  if (isSmall) return integers;
  const floats = new Float64Array(numVoxels);
  for (let i = 0; i < numVoxels; i++) {
    const upper = halves[2 * i + high]!;
    floats[i] = (type === "int64" ? upper : upper >>> 0) * 2 ** 32 + (halves[2 * i + low]! >>> 0);
  }
  return floats;
}

/** What the file means by its stored numbers. */
export function scaleVoxels(stored: Samples, slope: number, intercept: number): Samples {
  if (slope === 1 && intercept === 0) return stored;
  const scaled = scaledLike(stored, slope, intercept);
  for (let i = 0; i < stored.length; i++) scaled[i] = stored[i]! * slope + intercept;
  return scaled;
}

/** Zeros of the type that holds the scaled values. */
function scaledLike(stored: Samples, slope: number, intercept: number): Samples {
  if (integerRange(stored) !== undefined && Number.isInteger(slope) && Number.isInteger(intercept)) {
    const [least, largest] = extremes(stored);
    const ends = [least * slope + intercept, largest * slope + intercept];
    const fits = (bits: number) => Math.min(...ends) >= -(2 ** (bits - 1)) && Math.max(...ends) < 2 ** (bits - 1);
    if (fits(16)) return new Int16Array(stored.length);
    if (fits(32)) return new Int32Array(stored.length);
  }
  const isLong = stored instanceof Float64Array || stored instanceof Int32Array || stored instanceof Uint32Array;
  return isLong ? new Float64Array(stored.length) : new Float32Array(stored.length);
}
