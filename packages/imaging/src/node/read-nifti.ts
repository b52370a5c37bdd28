/**
 * NIfTI files in Node: `.nii`, `.nii.gz`, and pairs of `.hdr` and `.img`, compressed or not.
 *
 * Errors   `ERR_IMAGE_READ` (no such file), and those of `nifti/decode-nifti.ts`.
 */

import { existsSync } from "node:fs";
import { decodeNiftiWith } from "../nifti/decode-nifti.ts";
import type { NiftiFile } from "../nifti/nifti-file.ts";
import { readImageBytes } from "./read-scan.ts";
import { nodeInflater } from "./zlib.ts";

/** Reads a `.nii`, a `.nii.gz`, or a `.hdr` whose `.img` lies beside it. */
export async function readNifti(path: string): Promise<NiftiFile> {
  const bytes = await readImageBytes(path);
  const image = imageBeside(path);
  if (image === undefined) return await decodeNifti(bytes, path);
  return await decodeNiftiWith(nodeInflater, bytes, path, { bytes: await readImageBytes(image), name: image });
}

/** The same from bytes. @param name What the messages call the file: its path. */
export async function decodeNifti(bytes: Uint8Array, name: string): Promise<NiftiFile> {
  return await decodeNiftiWith(nodeInflater, bytes, name);
}

/** The `.img` or `.img.gz` of a `.hdr` or `.hdr.gz`. */
function imageBeside(path: string): string | undefined {
  const [, base, extension] = /^(.*)\.(hdr|HDR)(?:\.gz)?$/.exec(path) ?? [];
  if (base === undefined) return undefined;
  const image = `${base}.${extension === "hdr" ? "img" : "IMG"}`;
  return [image, `${image}.gz`].find((candidate) => existsSync(candidate));
}
