/**
 * The size and depth of a JPEG 2000 picture, from its code stream's first markers.
 *
 * Errors   `ERR_DICOM_CORRUPT`
 * Source   ITU-T T.800 annex A.5.1 (SIZ) and A.6.1 (COD).
 */

import { MedsslError } from "@medssl/contract";

export interface Jpeg2000Header {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  /** The first three components are kept as luminance and differences, which the decoder turns into RGB. */
  readonly hasColorTransform: boolean;
}

/** The code stream may stand in the boxes of a JP2 file. */
export function readJpeg2000Header(bytes: Uint8Array): Jpeg2000Header {
  const start = startOfCodeStream(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (start < 0 || bytes.length - start < 46) {
    throw new MedsslError("ERR_DICOM_CORRUPT", "JPEG 2000 stream: expected its size, got other bytes");
  }
  return {
    rows: view.getUint32(start + 12) - view.getUint32(start + 20),
    columns: view.getUint32(start + 8) - view.getUint32(start + 16),
    samplesPerPixel: view.getUint16(start + 40),
    hasColorTransform: hasColorTransform(view, start + 4 + view.getUint16(start + 4)),
  };
}

/** SOC and SIZ, one after the other. */
function startOfCodeStream(bytes: Uint8Array): number {
  const isStart = (at: number) => bytes[at + 1] === 0x4f && bytes[at + 2] === 0xff && bytes[at + 3] === 0x51;
  let start = bytes.indexOf(0xff);
  while (start >= 0 && !isStart(start)) start = bytes.indexOf(0xff, start + 1);
  return start;
}

/** Looks for the coding style among the segments of the main header. */
function hasColorTransform(view: DataView, start: number): boolean {
  for (let at = start; at + 9 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === 0xff52) return view.getUint8(at + 8) === 1;
    if (marker === 0xff90) return false;
  }
  return false;
}
