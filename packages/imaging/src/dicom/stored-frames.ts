/**
 * The values that a DICOM file stores, decompressed, whatever the transfer syntax.
 *
 * Shapes   `data` is [numFrames, rows, columns, samplesPerPixel], interleaved.
 * Values   as `Dataset.pixel_array` of pydicom gives them: not rescaled, not inverted, palettes not looked up; signed and
 *          cut to the stored bits (retired overlays above them are gone); YCbCr as RGB.
 * Copies   `data` may be a view of the file's bytes.
 * Errors   `ERR_DICOM_NO_PIXELS`, `ERR_DICOM_PIXELS`, `ERR_DICOM_CORRUPT`, `ERR_IMAGE_TOO_LARGE`.
 * Source   PS3.5 section 8; PS3.3 C.7.6.3.
 */

import { MedsslError } from "@medssl/contract";
import type { Samples } from "../scan.ts";
import { decodeFrame } from "./codecs/decode-frame.ts";
import type { DecodedFrame } from "./codecs/decoded-frame.ts";
import { decodeRle } from "./codecs/rle.ts";
import { interleavePlanes, ybrToRgb } from "./color-samples.ts";
import type { DicomDataset } from "./dataset.ts";
import { encapsulatedFrames } from "./encapsulated-frames.ts";
import { nativeSamples, samplesOf } from "./native-samples.ts";
import { type PixelFormat, pixelsError, readPixelFormat } from "./pixel-format.ts";
import { stripUnusedBits } from "./stored-bits.ts";
import { transferSyntaxes } from "./transfer-syntaxes.ts";

export interface StoredFrames {
  readonly format: PixelFormat;
  /** [numFrames, rows, columns, samplesPerPixel] */
  readonly data: Samples;
}

/** @throws {MedsslError} see above */
export async function decodeStoredFrames(dataset: DicomDataset): Promise<StoredFrames> {
  const format = readPixelFormat(dataset);
  const { codec } = transferSyntaxes.get(dataset.transferSyntax)!;
  if (codec === "native") return { format, data: nativeFrames(dataset, format) };
  const codeStreams = encapsulatedFrames(dataset, format.numFrames);
  const decode = codec === "rle" ? decodeRleFrame : decodeCodeStream;
  let data: Samples | undefined;
  for (const [frame, codeStream] of codeStreams.entries()) {
    const where = `${dataset.name}, frame ${frame + 1}`;
    const decoded = await located(where, () => decode(codeStream, format));
    if (codeStreams.length === 1) return { format, data: decoded };
    data ??= new (decoded.constructor as Uint8ArrayConstructor)(decoded.length * codeStreams.length);
    if (data.constructor !== decoded.constructor) throw pixelsError(where, "depth", "that of the first", "another");
    data.set(decoded, frame * decoded.length);
  }
  return { format, data: data! };
}

function nativeFrames(dataset: DicomDataset, format: PixelFormat): Samples {
  const { rows, columns, samplesPerPixel, bitsStored, highBit, isFloat, isPlanar } = format;
  const values = nativeSamples(dataset, format);
  const stripped = isFloat || format.bitsAllocated === 1 ? values : stripUnusedBits(values, bitsStored, highBit);
  const data = isPlanar && samplesPerPixel > 1 ? interleavePlanes(stripped, samplesPerPixel, rows * columns) : stripped;
  return isYbr(format) ? ybrToRgb(data, bitsStored) : data;
}

async function decodeRleFrame(codeStream: Uint8Array, format: PixelFormat): Promise<Samples> {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, highBit } = format;
  const bytes = decodeRle(codeStream, rows * columns, samplesPerPixel, bitsAllocated / 8);
  const data = stripUnusedBits(samplesOf(bytes, format), bitsStored, highBit);
  return isYbr(format) ? ybrToRgb(data, bitsStored) : data;
}

async function decodeCodeStream(codeStream: Uint8Array, format: PixelFormat): Promise<Samples> {
  const decoded = await decodeFrame(codeStream, format, isYbr(format));
  const numBits = decoded.numBits ?? Math.min(format.bitsStored, 8 * decoded.data.BYTES_PER_ELEMENT);
  const signed = withSign(decoded, format.isSigned);
  // JPEG 2000 alone keeps signs; all else is bits that its writer took for unsigned ones.
  const data = decoded.isSigned && format.isSigned ? signed : stripUnusedBits(signed, numBits, numBits - 1);
  const colors = decoded.colors ?? (isYbr(format) ? "ybr" : "rgb");
  return decoded.samplesPerPixel === 3 && colors === "ybr" ? ybrToRgb(data, numBits) : data;
}

/** The same bits as the data set's type. */
function withSign({ data, isSigned }: DecodedFrame, shallBeSigned: boolean): Samples {
  if (isSigned === shallBeSigned) return data;
  const buffer = data.buffer;
  if (data.BYTES_PER_ELEMENT === 1) return shallBeSigned ? new Int8Array(buffer) : new Uint8Array(buffer);
  return shallBeSigned ? new Int16Array(buffer) : new Uint16Array(buffer);
}

function isYbr({ photometric, samplesPerPixel }: PixelFormat): boolean {
  return samplesPerPixel === 3 && /^YBR_(FULL|PARTIAL)/.test(photometric);
}

/** Adds file and frame to what a decoder says; one that reads pictures of all kinds does not know that it is DICOM's. */
async function located<Result>(where: string, decode: () => Promise<Result>): Promise<Result> {
  try {
    return await decode();
  } catch (error) {
    if (!(error instanceof MedsslError)) throw error;
    const code = error.code === "ERR_IMAGE_TOO_LARGE" ? error.code : "ERR_DICOM_CORRUPT";
    throw new MedsslError(code, `${where}: ${error.message}`, {
      hint: error.hint ?? "The file is damaged or was not copied to its end; copy it again from where it came from.",
      cause: error.cause,
    });
  }
}
