/**
 * Which files are images: told from their names, and from their first bytes where a name says nothing.
 *
 * DICOM      archives write files without extension, named by a UID (`1.2.840.1`), or `.ima`: what has no image's name is
 *            looked into.
 * .img       is an image where it has the size of JSRT's headerless films; elsewhere it is one half of something else.
 * Unreadable formats count too when they are images, so that they are reported and not passed over.
 */

import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";

const IMAGE_EXTENSION = /\.(?:png|jpe?g|tiff?|gif|bmp|webp|dcm|dicom|img|(?:p[bgp]m|nii)(?:\.gz)?)$/i;
const HEADERLESS_BYTES = 2 * 2048 * 2048;
const DICOM_PREAMBLE_BYTES = 128;

/** Whether the name is an image's, whatever the file holds. */
export function hasImageName(path: string): boolean {
  return IMAGE_EXTENSION.test(path);
}

/** The path without an image's extension, `.nii.gz` and `.ppm.gz` being one. */
export function stemOf(path: string): string {
  return path.replace(IMAGE_EXTENSION, "");
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether the file is an image. Looks into it only where its name says nothing. */
export function isImageFile(path: string): boolean {
  if (/\.img$/i.test(path)) {
    const isHeaderBeside = existsSync(path.replace(/img$/i, "hdr"));
    return !isHeaderBeside && statSync(path, { throwIfNoEntry: false })?.size === HEADERLESS_BYTES;
  }
  return hasImageName(path) || isDicom(path);
}

function isDicom(path: string): boolean {
  if (/(?:^|[/\\])DICOMDIR$/i.test(path)) return false;
  const magic = Buffer.alloc(4);
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, magic, 0, 4, DICOM_PREAMBLE_BYTES);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
  return magic.toString("latin1") === "DICM";
}
