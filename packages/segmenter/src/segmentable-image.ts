/**
 * What can be segmented, and its form on the way to the engine's thread.
 */
import { MedsslError } from "@medssl/contract";
import type { Scan } from "@medssl/imaging";
import type { SentImage } from "./worker/messages.ts";

/**
 * A decoded scan; a canvas' pixels (`ImageData`); the bytes of a file of DICOM, NIfTI, PNG, JPEG, TIFF, ... (a `File` or
 * `Blob` is not copied); or where such a file is: a path in Node, a URL anywhere.
 */
export type SegmentableImage = Scan | Pixels | Uint8Array | ArrayBuffer | Blob | string | URL;

/** As an `ImageData`: red, green, blue and alpha. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** @param addressOf Makes a path or URL absolute. */
export function sendable(image: SegmentableImage, addressOf: (source: string | URL) => string): SentImage {
  if (typeof image === "string" || image instanceof URL) return { kind: "address", address: addressOf(image) };
  if (image instanceof Uint8Array) return { kind: "bytes", bytes: image, name: "The image" };
  if (image instanceof ArrayBuffer) return { kind: "bytes", bytes: new Uint8Array(image), name: "The image" };
  if (image instanceof Blob) {
    // Without its name, which not every thread lets pass.
    const name = "name" in image && typeof image.name === "string" ? image.name : "The image";
    return { kind: "bytes", bytes: image.slice(0, image.size), name };
  }
  if ("shape" in image) return { kind: "scan", scan: image };
  const { width, height, data } = image;
  if (data.length === width * height * 4) return { kind: "pixels", rgba: data, width, height };
  throw new MedsslError(
    "ERR_INPUT_PIXELS",
    `segment: expected ${width} x ${height} pixels of 4 values, as ImageData has them, got ${data.length} values`,
  );
}
