/**
 * PNG and JPEG files to pixels, as stored: no color profile, no gamma, no rotation by a camera's tag is applied.
 *
 * Depth    8-bit files give `Uint8Array`, 16-bit PNG `Uint16Array` with every bit kept. PNG of 1, 2 and 4 bits is spread
 *          over 0..255, as the PNG standard and Pillow do. Palette images become their colors.
 * Alpha    is dropped.
 * Errors   `ERR_IMAGE_READ` (no such file, no permission), `ERR_IMAGE_FORMAT` (another format, or none),
 *          `ERR_IMAGE_CORRUPT` (truncated or damaged: never half an image).
 */

import { readFile } from "node:fs/promises";
import { MedsslError } from "@medssl/contract";
import sharp from "sharp";
import type { Image } from "../image.ts";

/** Extensions of the files that can be read, lower case. */
export const IMAGE_EXTENSIONS: readonly string[] = [".png", ".jpg", ".jpeg"];

const READABLE = new Set(["png", "jpeg"]);

export async function readImage(path: string): Promise<Image> {
  return decodeImage(await readImageBytes(path), path);
}

export async function readImageBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new MedsslError("ERR_IMAGE_READ", `${path}: cannot be read (${reason(cause)})`, { cause });
  }
}

/** @param name What the messages call the image: its path. */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<Image> {
  if (bytes.length === 0) throw new MedsslError("ERR_IMAGE_CORRUPT", `${name}: the file is empty (0 bytes)`);
  const metadata = await sharp(bytes, { ignoreIcc: true })
    .metadata()
    .catch((cause) => {
      throw unreadable(bytes, name, cause);
    });
  if (!READABLE.has(metadata.format)) throw foreignFormat(name, `it is ${metadata.format}`);
  const is16Bit = metadata.depth === "ushort";
  const isGray = metadata.space === "b-w" || metadata.space === "grey16";
  const space = isGray ? (is16Bit ? "grey16" : "b-w") : is16Bit ? "rgb16" : "srgb";
  try {
    const { data, info } = await sharp(bytes, { ignoreIcc: true })
      .removeAlpha()
      .toColourspace(space)
      .raw({ depth: is16Bit ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    const pixels = is16Bit ? new Uint16Array(Uint8Array.from(data).buffer) : new Uint8Array(data);
    return { width: info.width, height: info.height, channels: isGray ? 1 : 3, data: pixels };
  } catch (cause) {
    throw corrupt(name, cause);
  }
}

/** A file that begins like one of ours is damaged; anything else is another format. */
function unreadable(bytes: Uint8Array, name: string, cause: unknown): MedsslError {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  return isPng || isJpeg ? corrupt(name, cause) : foreignFormat(name, "its first bytes belong to neither", cause);
}

function foreignFormat(name: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_IMAGE_FORMAT", `${name}: expected a PNG or JPEG image; ${what}`, {
    hint: "Convert it to PNG, 8 or 16 bits.",
    cause,
  });
}

function corrupt(name: string, cause: unknown): MedsslError {
  return new MedsslError("ERR_IMAGE_CORRUPT", `${name}: truncated or damaged (${reason(cause)})`, {
    hint: "Copy or download the file again.",
    cause,
  });
}

/** The first line of what the library said. */
function reason(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!;
}
