/**
 * Miniatures of data sets for tests: the names are those of the downloads, the few voxels are ours.
 */

import { gzipSync } from "node:zlib";
import { Random } from "../random.ts";
import type { Layout, ListOptions, SourceItem } from "./layout.ts";
import { sampleSource } from "./sample-source.ts";
import { SourceFolder } from "./source-folder.ts";

/** Contents by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder with these files, removed when the tests of the process are done. */
export function folderOf(files: Files): SourceFolder {
  return new SourceFolder(sampleSource(files));
}

/** All that a layout lists; `patients` is the note on how they are told. */
export async function listAll(layout: Layout, folder: SourceFolder, options?: ListOptions) {
  const items: SourceItem[] = [];
  const notes: string[] = [];
  let patients: string | undefined;
  for await (const entry of layout.list(folder, options)) {
    if ("note" in entry) {
      if (entry.topic !== "patients") notes.push(entry.note);
      else patients = entry.note;
    } else items.push(entry);
  }
  return { items, notes, patients };
}

/** Of volumes and masks: [depth, height, width]. */
const SHAPE = [3, 24, 20] as const;

/** A NIfTI-1 file of a small volume, 16 bits a voxel; the fourth axis has `numChannels`. */
export function nifti(valueAt: (index: number) => number, numChannels = 1): Uint8Array {
  const [depth, height, width] = SHAPE;
  const count = depth * height * width * numChannels;
  const bytes = new Uint8Array(352 + 2 * count);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  const dim = [numChannels > 1 ? 4 : 3, width, height, depth, numChannels, 1, 1, 1];
  for (const [i, size] of dim.entries()) view.setInt16(40 + 2 * i, size, true);
  view.setInt16(70, 4, true); // int16
  view.setInt16(72, 16, true);
  for (const [i, size] of [1, 0.8, 0.8, 5, 1, 0, 0, 0].entries()) view.setFloat32(76 + 4 * i, size, true);
  view.setFloat32(108, 352, true);
  view.setFloat32(112, 1, true);
  view.setUint8(123, 2); // mm
  view.setInt16(254, 1, true); // sform
  for (const [i, value] of [0.8, 0, 0, -8, 0, 0.8, 0, -9, 0, 0, 5, 0].entries())
    view.setFloat32(280 + 4 * i, value, true);
  bytes.set(new TextEncoder().encode("n+1"), 344);
  for (let i = 0; i < count; i++) view.setInt16(352 + 2 * i, valueAt(i), true);
  return bytes;
}

/** A packed volume of noise around soft tissue's Hounsfield units; equal seeds give equal volumes. */
export function volume(seed: number, numChannels = 1): Uint8Array {
  const random = new Random(seed);
  return gzipSync(nifti(() => random.integer(200) - 60, numChannels));
}

/** A packed mask with these values, each in rows of its own, and background before them. */
export function mask(...values: number[]): Uint8Array {
  const [, height, width] = SHAPE;
  const all = [0, ...values];
  return gzipSync(nifti((i) => all[Math.floor((((i / width) % height) * all.length) / height)]!));
}
