/**
 * Small folders of images for the tests of ingest: noise that differs from file to file, so that contents do.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodePng, type Image } from "@medssl/imaging";
import { Random } from "./random.ts";

export const SAMPLE_SIZE = 24;

/** Noise on a bright half; equal seeds give equal images. */
export function sampleImage(seed: number, size = SAMPLE_SIZE): Image<Uint8Array> {
  const random = new Random(seed);
  const data = Uint8Array.from(
    { length: size * size },
    (_, i) => random.integer(100) + (i % size < size / 2 ? 0 : 150),
  );
  return { width: size, height: size, channels: 1, data };
}

/** A mask of the right half. */
export function sampleMask(value = 255, size = SAMPLE_SIZE): Image<Uint8Array> {
  const data = Uint8Array.from({ length: size * size }, (_, i) => (i % size < size / 2 ? 0 : value));
  return { width: size, height: size, channels: 1, data };
}

/** Writes files below the folder: images as PNG, everything else as it is. */
export async function writeFiles(folder: string, files: Record<string, Image | Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const isBytes = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(path, isBytes ? content : await encodePng(content));
  }
}

/** `count` images with masks: images/a00.png and masks/a00.png, ... */
export async function writePairs(folder: string, count: number, firstSeed = 0): Promise<void> {
  for (let i = 0; i < count; i++) {
    const name = `a${String(i).padStart(3, "0")}.png`;
    await writeFiles(folder, { [`images/${name}`]: sampleImage(firstSeed + i), [`masks/${name}`]: sampleMask() });
  }
}
