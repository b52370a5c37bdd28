/**
 * RLE Lossless: a frame as planes of bytes, the highest byte of every sample first, each plane run-length coded.
 *
 * Shapes   what comes back are the bytes of [rows, columns, samples], interleaved, little endian.
 * Errors   `ERR_DICOM_CORRUPT` for a plane that does not fill the frame, or too many planes.
 * Source   PS3.5 annex G.
 */

import { MedsslError } from "@medssl/contract";

const headerBytes = 64;

export function decodeRle(
  frame: Uint8Array,
  numPixels: number,
  samplesPerPixel: number,
  bytesPerSample: number,
): Uint8Array {
  const numPlanes = samplesPerPixel * bytesPerSample;
  if (frame.length < headerBytes) throw corruptRle(`a header of ${headerBytes} bytes`, `${frame.length}`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== numPlanes) throw corruptRle(`${numPlanes} planes`, `${view.getUint32(0, true)}`);
  // Two bytes make 128 at most.
  if (frame.length * 64 < numPixels * numPlanes) throw corruptRle(`${numPixels * numPlanes} bytes`, "fewer");
  const result = new Uint8Array(numPixels * numPlanes);
  for (let plane = 0; plane < numPlanes; plane++) {
    const start = view.getUint32(4 + 4 * plane, true);
    const end = plane + 1 < numPlanes ? view.getUint32(8 + 4 * plane, true) : frame.length;
    const sample = Math.floor(plane / bytesPerSample);
    const target = sample * bytesPerSample + (bytesPerSample - 1 - (plane % bytesPerSample));
    if (start < headerBytes || start > end || end > frame.length) throw corruptRle("planes within the frame", "others");
    decodePlane(frame.subarray(start, end), result, target, numPlanes);
  }
  return result;
}

/** Writes every `stride`th byte of `result` from `target` on. */
function decodePlane(plane: Uint8Array, result: Uint8Array, target: number, stride: number): void {
  let source = 0;
  while (target < result.length && source < plane.length) {
    const control = plane[source++]!;
    if (control === 128) continue;
    const isRun = control > 128;
    const end = Math.min(target + (isRun ? 257 - control : control + 1) * stride, result.length);
    if (isRun) {
      const value = plane[source++]!;
      for (; target < end; target += stride) result[target] = value;
    } else {
      for (; target < end && source < plane.length; target += stride) result[target] = plane[source++]!;
    }
  }
  if (target < result.length || source > plane.length) throw corruptRle("planes that fill the frame", "the end of one");
}

function corruptRle(expected: string, got: string): MedsslError {
  return new MedsslError("ERR_DICOM_CORRUPT", `RLE frame: expected ${expected}, got ${got}`);
}
