/**
 * Mask files as 2D pictures of raw values: what the file says, before any meaning is given to a value.
 *
 * Grey      its values. A color file whose three channels agree counts as grey.
 * Palette   its indices, which is how label editors write classes; but the greys of a palette
 *           that holds nothing else.
 * Color     `ERR_MASK_COLOR`: colors have no order, so no label can be told from them.
 * Numbers   that are no whole ones from 0 to 65535 are no labels: `ERR_MASK_VALUES`.
 */

import { MedsslError } from "@medssl/contract";
import { type Image, imageOfScan } from "../image.ts";
import type { Samples } from "../scan.ts";
import { decodeMaskScan, readImageBytes } from "./read-scan.ts";

export async function readMask(path: string): Promise<Image> {
  return await decodeMask(await readImageBytes(path), path);
}

/** One channel of raw mask values. */
export async function decodeMask(bytes: Uint8Array, name: string): Promise<Image> {
  const scan = await decodeMaskScan(bytes, name);
  return imageOfScan({ ...scan, data: labelsOf(scan.data, name) }, name);
}

function labelsOf(data: Samples, name: string): Uint8Array | Uint16Array {
  if (data instanceof Uint8Array || data instanceof Uint16Array) return data;
  const labels = Uint16Array.from(data);
  const odd = data.findIndex((value: number, i: number) => value !== labels[i]);
  if (odd === -1) return labels;
  throw new MedsslError("ERR_MASK_VALUES", `${name}: expected labels, whole numbers from 0 to 65535, got ${data[odd]}`);
}
