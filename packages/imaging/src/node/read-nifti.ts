/**
 * NIfTI files in Node: `.nii`, `.nii.gz`, and pairs of `.hdr` and `.img`, compressed or not.
 *
 * Gzip     told by the first bytes, not by the name. The header is inflated first; what it promises must be possible for so
 *          many compressed bytes, and no more than that is inflated. Bytes behind the voxels are ignored, up to
 *          `SLACK_BYTES`.
 * Speed    inflated in one piece of the right size, off the main thread.
 * Errors   `ERR_IMAGE_READ` (no such file), `ERR_NIFTI_CORRUPT` (truncated or damaged), and those of the header.
 */

import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { constants, gunzip, gunzipSync } from "node:zlib";
import { MedsslError } from "@medssl/contract";
import { type NiftiFile, parseNifti } from "../nifti/nifti-file.ts";
import { type NiftiHeader, parseNiftiHeader } from "../nifti/nifti-header.ts";
import { readImageBytes } from "./read-scan.ts";

/** Deflate's best: a byte for 258, and a bit or two for each of its codes. */
const LARGEST_RATIO = 1032;
const SLACK_BYTES = 2 ** 16;
/** Compressed bytes that surely hold a header, and inflate to 8 MB at worst. */
const HEAD_BYTES = 2 ** 13;
/** zlib counts the room for one piece in 32 bits. */
const LARGEST_PIECE = 2 ** 30;

const inflate = promisify(gunzip);

/** Reads a `.nii`, a `.nii.gz`, or a `.hdr` whose `.img` lies beside it. */
export async function readNifti(path: string): Promise<NiftiFile> {
  const bytes = await readImageBytes(path);
  const image = imageBeside(path);
  if (image === undefined) return await decodeNifti(bytes, path);
  const head = inflateHead(bytes, path);
  const header = parseNiftiHeader(head, path);
  return parseNifti(head, path, await inflateVoxels(await readImageBytes(image), header, image));
}

/** The same from bytes. @param name What the messages call the file: its path. */
export async function decodeNifti(bytes: Uint8Array, name: string): Promise<NiftiFile> {
  if (!isGzip(bytes)) return parseNifti(bytes, name);
  const head = inflateHead(bytes, name);
  const header = parseNiftiHeader(head, name);
  return parseNifti(header.isPair ? head : await inflateVoxels(bytes, header, name), name);
}

/** The `.img` or `.img.gz` of a `.hdr` or `.hdr.gz`. */
function imageBeside(path: string): string | undefined {
  const [, base, extension] = /^(.*)\.(hdr|HDR)(?:\.gz)?$/.exec(path) ?? [];
  if (base === undefined) return undefined;
  const image = `${base}.${extension === "hdr" ? "img" : "IMG"}`;
  return [image, `${image}.gz`].find((candidate) => existsSync(candidate));
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The first bytes, inflated where they are not. */
function inflateHead(bytes: Uint8Array, name: string): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes.subarray(0, HEAD_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw corrupt(name, "expected gzip, got a damaged stream", cause);
  }
}

/** Everything up to the last voxel, and at most `SLACK_BYTES` more. */
async function inflateVoxels(
  bytes: Uint8Array,
  { dataOffset, dataBytes }: NiftiHeader,
  name: string,
): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const needed = dataOffset + dataBytes;
  if (needed > bytes.length * LARGEST_RATIO) {
    throw corrupt(
      name,
      `expected ${dataBytes} bytes of voxels, got ${bytes.length} compressed bytes, too few for them`,
    );
  }
  const most = needed + SLACK_BYTES;
  try {
    return await inflate(bytes, { chunkSize: Math.min(most, LARGEST_PIECE), maxOutputLength: most });
  } catch (cause) {
    const isTooLong = (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const got = isTooLong ? "more" : "a damaged or truncated gzip stream";
    throw corrupt(name, `expected ${dataBytes} bytes of voxels, got ${got}`, cause);
  }
}

function corrupt(name: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_NIFTI_CORRUPT", `${name}: ${what}`, {
    hint: "Copy or download the file again.",
    cause,
  });
}
