/**
 * Scans to `.nii` and `.nii.gz`. Compression is the fastest: level 1, as nibabel's.
 */

import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { encodeNifti } from "../nifti/encode-nifti.ts";
import type { Scan } from "../scan.ts";

const compress = promisify(gzip);

/** @param path Ends in `.nii` or `.nii.gz`. */
export async function writeNifti(path: string, scan: Scan): Promise<void> {
  const bytes = encodeNifti(scan);
  await writeFile(path, path.endsWith(".gz") ? await compress(bytes, { level: 1 }) : bytes);
}
