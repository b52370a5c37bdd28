/**
 * The listing of data sets whose file names say everything: which image, which mask of which image.
 *
 * Roles    a layout says for each path what it is; folders are only looked at where the layout's names need it, so that
 *          the outer folder, the inner one, and a few archives unpacked side by side all list the same.
 * Copies   the first file of a name counts. What is left out is counted in a note, never passed over in silence.
 * Memory   all names at once: for data sets of up to some ten thousand images.
 */

import { hasImageName } from "./image-file.ts";
import { isMostly, sampleImages } from "./image-sample.ts";
import type { MaskFile, SourceEntry, SourceItem } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

/** What a file is. `part` tells the masks of one image apart: `left`, `right`. `leftOut` is a plural: "masks of ...". */
export type Role =
  | { readonly image: string }
  | { readonly maskOf: string; readonly part?: string; readonly mask?: Omit<MaskFile, "file"> }
  | { readonly leftOut: string };

export interface NamedImage {
  /** What the role called it; the item's key. */
  readonly name: string;
  /** Path below the folder. */
  readonly path: string;
}

const STRANGERS = "image files with names that are not the data set's";
const COPIES = "files of a name that is listed already";

/** Whether nearly all of the folder's images have a role, and some are images that are not masks. */
export function isNamedBy(folder: SourceFolder, roleOf: (path: string) => Role | undefined): boolean {
  return (
    isMostly(folder, (path) => roleOf(path) !== undefined) &&
    sampleImages(folder).some((path) => "image" in (roleOf(path) ?? {}))
  );
}

/**
 * Lists images with their masks, masks of higher `fileValue` on top.
 *
 * @param roleOf What the file at a path is; undefined where its name is none of the data set's.
 * @param describe What an image's name says beside: patient, stratum, split, how it is to be read.
 */
export async function* listByName(
  folder: SourceFolder,
  roleOf: (path: string) => Role | undefined,
  describe: (image: NamedImage) => Partial<SourceItem>,
): AsyncGenerator<SourceEntry> {
  const images = new Map<string, string>();
  const masks = new Map<string, Map<string, MaskFile>>();
  const leftOut = new Map<string, { count: number; example: string }>();
  const leave = (kind: string, path: string) => {
    const { count = 0, example = path } = leftOut.get(kind) ?? {};
    leftOut.set(kind, { count: count + 1, example });
  };
  for (const path of folder.walk()) {
    if (!hasImageName(path)) continue;
    const role = roleOf(path) ?? { leftOut: STRANGERS };
    if ("leftOut" in role) leave(role.leftOut, path);
    else if ("image" in role) {
      if (images.has(role.image)) leave(COPIES, path);
      else images.set(role.image, path);
    } else {
      const parts = masks.get(role.maskOf) ?? new Map<string, MaskFile>();
      if (parts.has(role.part ?? "")) leave(COPIES, path);
      else masks.set(role.maskOf, parts.set(role.part ?? "", { file: folder.at(path), ...role.mask }));
    }
  }
  let numBare = 0;
  for (const [name, path] of images) {
    const ofImage = [...(masks.get(name)?.values() ?? [])].sort((a, b) => (a.fileValue ?? 0) - (b.fileValue ?? 0));
    masks.delete(name);
    if (ofImage.length === 0) numBare += 1;
    yield { key: name, files: [folder.at(path)], masks: ofImage, ...describe({ name, path }) };
  }
  if (numBare > 0) yield { note: `${numBare} of ${images.size} images have no mask` };
  for (const parts of masks.values()) for (const { file } of parts.values()) leave("masks without an image", file);
  for (const [kind, { count, example }] of leftOut) yield { note: `${count} ${kind}: left out, such as ${example}` };
}
