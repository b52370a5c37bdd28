/**
 * NIfTI files in memory, compressed or not.
 *
 * Gzip     told by the first bytes, not by the name. The header is inflated first; what it promises must be possible for so
 *          many compressed bytes, and no more than that is inflated. Bytes behind the voxels are ignored, up to
 *          `SLACK_BYTES`.
 * Errors   `ERR_NIFTI_CORRUPT` (truncated or damaged), and those of the header.
 */

import { MedsslError } from "@medssl/contract";
import { type Inflater, TooManyBytes } from "../inflater.ts";
import { type NiftiFile, parseNifti } from "./nifti-file.ts";
import { type NiftiHeader, parseNiftiHeader } from "./nifti-header.ts";

/** Deflate's best: a byte for 258, and a bit or two for each of its codes. */
const LARGEST_RATIO = 1032;
const SLACK_BYTES = 2 ** 16;
/** Compressed bytes that surely hold a header, and inflate to 8 MB at worst. */
const HEAD_BYTES = 2 ** 13;

/**
 * @param name What the messages call the file: its path.
 * @param image The `.img` of a pair, and what it is called.
 */
export async function decodeNiftiWith(
  inflater: Inflater,
  bytes: Uint8Array,
  name: string,
  image?: { readonly bytes: Uint8Array; readonly name: string },
): Promise<NiftiFile> {
  if (!isGzip(bytes) && image === undefined) return parseNifti(bytes, name);
  const head = inflateHead(inflater, bytes, name);
  const header = parseNiftiHeader(head, name);
  if (image !== undefined) {
    return parseNifti(head, name, await inflateVoxels(inflater, image.bytes, header, image.name));
  }
  return parseNifti(header.isPair ? head : await inflateVoxels(inflater, bytes, header, name), name);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The first bytes, inflated where they are not. */
function inflateHead(inflater: Inflater, bytes: Uint8Array, name: string): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  try {
    return inflater.gunzipHead(bytes.subarray(0, HEAD_BYTES));
  } catch (cause) {
    throw corrupt(name, "expected gzip, got a damaged stream", cause);
  }
}

/** Everything up to the last voxel, and at most `SLACK_BYTES` more. */
async function inflateVoxels(
  inflater: Inflater,
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
  try {
    return await inflater.gunzip(bytes, needed + SLACK_BYTES, true);
  } catch (cause) {
    const got = cause instanceof TooManyBytes ? "more" : "a damaged or truncated gzip stream";
    throw corrupt(name, `expected ${dataBytes} bytes of voxels, got ${got}`, cause);
  }
}

function corrupt(name: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_NIFTI_CORRUPT", `${name}: ${what}`, {
    hint: "Copy or download the file again.",
    cause,
  });
}
