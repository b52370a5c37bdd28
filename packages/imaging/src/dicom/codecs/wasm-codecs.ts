/**
 * The WebAssembly decoders of others: CharLS for JPEG-LS, OpenJPEG for JPEG 2000 and HTJ2K.
 *
 * Loading  at the first frame that needs it, once a thread; after a failure anew, since a decoder that was torn down in the
 *          middle may be left in any state.
 * Shapes   what comes back is [rows, columns, samples], copied out of the decoder's memory.
 * Errors   `ERR_DICOM_CORRUPT`: the decoders throw numbers and objects that are no errors, or say nothing and leave a
 *          picture of size 0.
 */

import { MedsslError } from "@medssl/contract";
import type { DecodedFrame } from "./decoded-frame.ts";

export type WasmCodec = "jpeg-ls" | "jpeg-2000";

type MakeDecoder = () => CornerstoneDecoder;

const loaders: Readonly<Record<WasmCodec, () => Promise<MakeDecoder>>> = {
  "jpeg-ls": async () => {
    const { default: factory } = await import("@cornerstonejs/codec-charls/decodewasmjs");
    const { JpegLSDecoder } = await factory(silent());
    return () => new JpegLSDecoder();
  },
  "jpeg-2000": async () => {
    const { default: factory } = await import("@cornerstonejs/codec-openjpeg/decodewasmjs");
    const { J2KDecoder } = await factory(silent());
    return () => new J2KDecoder();
  },
};

const loaded = new Map<WasmCodec, Promise<MakeDecoder>>();

/** A new object at every call: Emscripten turns it into the module. */
function silent() {
  return { print() {}, printErr() {} };
}

/** @throws {MedsslError} `ERR_DICOM_CORRUPT` */
export async function decodeWithWasm(codec: WasmCodec, codeStream: Uint8Array): Promise<Omit<DecodedFrame, "colors">> {
  const loading = loaded.get(codec) ?? loaders[codec]();
  loaded.set(codec, loading);
  const makeDecoder = await loading;
  try {
    return decode(makeDecoder(), codeStream);
  } catch (cause) {
    loaded.delete(codec);
    if (cause instanceof MedsslError) throw cause;
    throw new MedsslError("ERR_DICOM_CORRUPT", `expected a ${codec} stream that decodes, got a damaged one`, { cause });
  }
}

function decode(decoder: CornerstoneDecoder, codeStream: Uint8Array): Omit<DecodedFrame, "colors"> {
  decoder.getEncodedBuffer(codeStream.length).set(codeStream);
  decoder.decode();
  const { width, height, bitsPerSample, componentCount, isSigned = false } = decoder.getFrameInfo();
  const numSamples = width * height * componentCount;
  const bytes = decoder.getDecodedBuffer();
  const bytesPerSample = bitsPerSample <= 8 ? 1 : 2;
  if (numSamples === 0 || bitsPerSample > 16 || bytes.length !== numSamples * bytesPerSample) {
    throw new Error("the decoder left no picture");
  }
  const interleaved = isByPlane(decoder) ? interleave(bytes, componentCount, bytesPerSample) : bytes.slice();
  decoder.delete();
  return {
    rows: height,
    columns: width,
    samplesPerPixel: componentCount,
    numBits: bitsPerSample,
    isSigned,
    data: samplesOf(interleaved, bytesPerSample, isSigned),
  };
}

function isByPlane(decoder: CornerstoneDecoder): boolean {
  const { getInterleaveMode } = decoder as Partial<CornerstoneJpegLsDecoder>;
  return getInterleaveMode !== undefined && getInterleaveMode.call(decoder) === 0;
}

function interleave(planes: Uint8Array, numPlanes: number, size: number) {
  const result = new Uint8Array(planes.length);
  const numPixels = planes.length / (numPlanes * size);
  for (let plane = 0, source = 0; plane < numPlanes; plane++) {
    for (let pixel = 0; pixel < numPixels; pixel++) {
      const target = (pixel * numPlanes + plane) * size;
      for (let byte = 0; byte < size; byte++) result[target + byte] = planes[source++]!;
    }
  }
  return result;
}

function samplesOf({ buffer }: Uint8Array<ArrayBuffer>, size: number, isSigned: boolean): DecodedFrame["data"] {
  if (size === 2) return isSigned ? new Int16Array(buffer) : new Uint16Array(buffer);
  return isSigned ? new Int8Array(buffer) : new Uint8Array(buffer);
}
