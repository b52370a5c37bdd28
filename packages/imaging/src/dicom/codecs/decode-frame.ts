/**
 * One compressed frame to its samples.
 *
 * Choice   by what the code stream is, not by what the transfer syntax promises: 8-bit DCT streams to the decoder of JPEG
 *          files, other DCT and lossless ones to those of `jpeg/`, JPEG-LS to CharLS, JPEG 2000 and HTJ2K to OpenJPEG.
 * Size     a code stream that is not as large as the data set says is refused before anything is allocated for it.
 * Colors   component names R, G, B or JFIF's or Adobe's marker tell what the components are; else the data set does.
 *          The decoder of JPEG files has rules of its own, so that it is told in its words: an Adobe marker.
 * Errors   `ERR_DICOM_CORRUPT`, and those of the decoders.
 * Source   PS3.5 section 8.2; JFIF 1.02; Adobe Technical Note 5116.
 */

import { MedsslError } from "@medssl/contract";
import { decodeJpeg } from "../../raster/jpeg/jpeg.ts";
import { joinBytes } from "../bytes.ts";
import { decodeDctJpeg } from "../jpeg/jpeg-dct.ts";
import { decodeLosslessJpeg } from "../jpeg/jpeg-lossless.ts";
import { type JpegStream, readJpegStream } from "../jpeg/jpeg-stream.ts";
import type { DecodedFrame, FrameSize } from "./decoded-frame.ts";
import { readJpeg2000Header } from "./jpeg2000-header.ts";
import { decodeWithWasm } from "./wasm-codecs.ts";

/**
 * @param codeStream JPEG of any kind, or JPEG 2000.
 * @param isYbr What the data set says of its colors, for streams that say nothing.
 */
export async function decodeFrame(codeStream: Uint8Array, size: FrameSize, isYbr: boolean): Promise<DecodedFrame> {
  if (codeStream[0] !== 0xff || codeStream[1] !== 0xd8) return decodeJpeg2000(codeStream, size);
  const stream = readJpegStream(codeStream);
  const { rows, columns, components, precision, process } = stream.frame;
  checkSize({ rows, columns, samplesPerPixel: components.length }, size);
  const colors = colorsOf(stream);
  if (process === "jpeg-ls") return { ...(await decodeWithWasm("jpeg-ls", codeStream)), colors };
  if (process !== "lossless" && precision === 8) {
    const toRgb = components.length === 3 && (colors ?? (isYbr ? "ybr" : "rgb")) === "ybr";
    const told = components.length === 3 ? withColorMarker(codeStream, toRgb) : codeStream;
    const { data } = decodeJpeg(told, "JPEG stream");
    return { rows, columns, samplesPerPixel: components.length, isSigned: false, data, colors: "rgb" };
  }
  const values = process === "lossless" ? decodeLosslessJpeg(stream) : decodeDctJpeg(stream);
  const data = precision <= 8 ? Uint8Array.from(values) : values;
  return { rows, columns, samplesPerPixel: components.length, isSigned: false, data, colors };
}

async function decodeJpeg2000(codeStream: Uint8Array, size: FrameSize): Promise<DecodedFrame> {
  const header = readJpeg2000Header(codeStream);
  checkSize(header, size);
  const decoded = await decodeWithWasm("jpeg-2000", codeStream);
  return { ...decoded, colors: header.hasColorTransform ? "rgb" : undefined };
}

function checkSize(found: FrameSize, expected: FrameSize): void {
  const [got, wanted] = [found, expected].map((size) => `${size.columns} x ${size.rows} x ${size.samplesPerPixel}`);
  if (got === wanted) return;
  throw new MedsslError("ERR_DICOM_CORRUPT", `expected a code stream of ${wanted}, as the data set says, got ${got}`);
}

function colorsOf({ frame, adobeTransform, isJfif }: JpegStream): DecodedFrame["colors"] {
  const ids = String.fromCharCode(...frame.components.map(({ id }) => id));
  if (ids === "RGB" || ids === "rgb") return "rgb";
  if (adobeTransform !== undefined) return adobeTransform === 0 ? "rgb" : "ybr";
  return isJfif ? "ybr" : undefined;
}

/** The stream without JFIF's and Adobe's markers and with one of Adobe's that says what the components are. */
function withColorMarker(codeStream: Uint8Array, isYbr: boolean): Uint8Array {
  const parts = [codeStream.subarray(0, 2), adobeMarker(isYbr)];
  let at = 2;
  // Whatever comes first of the frame's header: markers of the application stand before it.
  while (codeStream[at] === 0xff && !isFrameOrScan(codeStream[at + 1]!)) {
    const marker = codeStream[at + 1]!;
    const end = marker === 0xff ? at + 1 : at + 2 + ((codeStream[at + 2]! << 8) | codeStream[at + 3]!);
    if (marker !== 0xe0 && marker !== 0xee) parts.push(codeStream.subarray(at, end));
    at = end;
  }
  return joinBytes([...parts, codeStream.subarray(at)]);
}

function isFrameOrScan(marker: number): boolean {
  return marker === 0xda || marker === 0xc0 || marker === 0xc1 || marker === 0xc2;
}

function adobeMarker(isYbr: boolean): Uint8Array {
  const letters = Array.from("Adobe", (letter) => letter.charCodeAt(0));
  return Uint8Array.from([0xff, 0xee, 0, 14, ...letters, 0, 100, 0, 0, 0, 0, isYbr ? 1 : 0]);
}
