/**
 * A look at a folder: some of its images from all of its parts, so that a layout is recognised by what most files are,
 * not by what happens to lie first.
 *
 * Spread   each folder hands its share on to its folders; of names and of folders, evenly many from first to last.
 * Cost     at most a few hundred folders are read, whatever the size of the archive; once for all layouts.
 */

import { hasImageName } from "./image-file.ts";
import type { SourceFolder } from "./source-folder.ts";

const SAMPLE_SIZE = 96;
const MAX_DEPTH = 12;
/** Other files beside a data set's own, such as a few pictures of somebody's slides, do not hide it. */
const MIN_SHARE = 0.8;

const samples = new WeakMap<SourceFolder, readonly string[]>();

/** Paths of images below the folder, in the order of their names. */
export function sampleImages(folder: SourceFolder): readonly string[] {
  let sample = samples.get(folder);
  if (sample === undefined) {
    sample = [...imagesIn(folder, "", SAMPLE_SIZE, 0)];
    samples.set(folder, sample);
  }
  return sample;
}

/** Whether nearly all images that a look at the folder shows are of the kind. */
export function isMostly(folder: SourceFolder, isOfKind: (path: string) => boolean): boolean {
  const sample = sampleImages(folder);
  return sample.length > 0 && sample.filter(isOfKind).length >= MIN_SHARE * sample.length;
}

function* imagesIn(folder: SourceFolder, path: string, share: number, depth: number): Generator<string> {
  const entries = folder
    .entries(path)
    .map((entry) => ({ ...entry, path: path ? `${path}/${entry.name}` : entry.name }));
  const files = entries.filter(({ name, isFolder }) => !isFolder && hasImageName(name));
  for (const file of evenly(files, share)) yield file.path;
  if (depth === MAX_DEPTH) return;
  const folders = evenly(
    entries.filter(({ isFolder }) => isFolder),
    share,
  );
  for (const { path } of folders)
    yield* imagesIn(folder, path, Math.max(1, Math.floor(share / folders.length)), depth + 1);
}

function evenly<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
}
