/**
 * Uncompressed pixel data as numbers.
 *
 * Shapes   all frames after one another; as in the file within a frame, but that YBR_FULL_422 is brought to full
 *          resolution, every pair of pixels having one chroma.
 * Copies   a view of the file's bytes where they are aligned and in this machine's order, else a copy.
 * Bytes    8-bit samples that are written as big-endian words stand in swapped pairs.
 * Errors   `ERR_DICOM_CORRUPT` where the bytes are fewer than the description asks for; it is checked before anything is
 *          allocated.
 * Source   PS3.5 section 8 and annex D; PS3.3 C.7.6.3.1.2.
 */

import { MedsslError } from "@medssl/contract";
import type { Samples } from "../scan.ts";
import { doubleChroma } from "./color-samples.ts";
import type { DicomDataset } from "./dataset.ts";
import type { PixelFormat } from "./pixel-format.ts";

export function nativeSamples(dataset: DicomDataset, format: PixelFormat): Samples {
  const { tag, rows, columns, numFrames, samplesPerPixel, bitsAllocated } = format;
  const bytes = dataset.fragments(tag) ? new Uint8Array() : dataset.bytes(tag)!;
  const numPixels = rows * columns * numFrames;
  const numSamples = numPixels * samplesPerPixel;
  const isHalved = isChromaHalved(format, bytes.length);
  const numValues = isHalved ? numPixels * 2 : numSamples;
  const neededBytes = Math.ceil((numValues * bitsAllocated) / 8);
  if (bytes.length < neededBytes) {
    throw new MedsslError(
      "ERR_DICOM_CORRUPT",
      `${dataset.name}: expected ${neededBytes} bytes of pixels, got ${bytes.length}`,
      { hint: "The file is damaged or was not copied to its end; copy it again from where it came from." },
    );
  }
  if (bitsAllocated === 1) return unpackBits(bytes, numSamples);
  const wordSize = bitsAllocated === 8 && dataset.vr(tag) === "OW" ? 2 : bitsAllocated / 8;
  const words = bytes.subarray(0, Math.ceil(neededBytes / wordSize) * wordSize);
  const inOrder = dataset.isLittleEndian(tag) || wordSize === 1 ? words : swapBytes(words, wordSize);
  const values = samplesOf(inOrder.subarray(0, neededBytes), format);
  return isHalved ? doubleChroma(values, numPixels) : values;
}

/** Some writers say YBR_FULL_422 of data that have full resolution; the length tells. */
function isChromaHalved(
  { photometric, rows, columns, numFrames, bitsAllocated }: PixelFormat,
  numBytes: number,
): boolean {
  return photometric === "YBR_FULL_422" && numBytes < (rows * columns * numFrames * 3 * bitsAllocated) / 8;
}

/** The first pixel is the lowest bit; frames follow one another without a gap. */
function unpackBits(bytes: Uint8Array, numSamples: number): Uint8Array {
  const result = new Uint8Array(numSamples);
  for (let i = 0; i < numSamples; i++) result[i] = (bytes[i >> 3]! >> (i & 7)) & 1;
  return result;
}

function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += size) {
    for (let i = 0; i < size; i++) swapped[start + i] = bytes[start + size - 1 - i]!;
  }
  return swapped;
}

/** Bytes in this machine's order as samples of the format; copied where they are not aligned. */
export function samplesOf(bytes: Uint8Array, { bitsAllocated, isSigned, isFloat }: PixelFormat): Samples {
  const size = bitsAllocated / 8;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const place = [aligned.buffer, aligned.byteOffset, aligned.length / size] as const;
  if (isFloat) return size === 4 ? new Float32Array(...place) : new Float64Array(...place);
  if (size === 1) return isSigned ? new Int8Array(...place) : new Uint8Array(...place);
  if (size === 2) return isSigned ? new Int16Array(...place) : new Uint16Array(...place);
  return isSigned ? new Int32Array(...place) : new Uint32Array(...place);
}
