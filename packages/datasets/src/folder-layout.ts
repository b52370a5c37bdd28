/**
 * Finds images and their masks in a folder as people keep them.
 *
 *     images/a.png  masks/a.png            a mask folder beside, whatever the image folder is called
 *     CXR_png/a.png masks/a_mask.png       the mask's name may carry a suffix there too
 *     a.jpg  a_1stHO.png  a_2ndHO.png      one folder; only the suffix tells a mask. Second observers are left out
 *     p1/x/a.jpg  p2/b.jpg                 images alone, in any depth
 *     cases.csv                            a manifest, which is then all that counts
 *
 * Mask      a file in a folder that is named for masks, or with a mask's suffix. `--mask-suffix` names the only one that
 *           counts; names with another known suffix are then neither mask nor image.
 * Pairing   an image and a mask belong together when their paths are equal but for the mask folder, one folder of the
 *           image's, the mask's suffix and the extensions. An image with several masks is refused: which one is meant?
 * Files     with extensions of images that cannot be read yet are listed too, so that they are reported, not ignored.
 * Errors    `ERR_SOURCE_MISSING`, `ERR_SOURCE_FILE`, `ERR_MANIFEST`.
 */

import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { MedsslError } from "@medssl/contract";
import { readManifest } from "./cases-manifest.ts";

const MASK_FOLDER =
  /^(?:.*[-_ ])?(?:masks?|labels?(?:tr)?|segs?|segmentations?|annotations?|gts?|ground[-_ ]?truths?|manual1?)$/i;
const IMAGE_FOLDER = /^(?:images?|imgs?|imagesTr|CXR_png)$/i;
const MASK_SUFFIX = /[-_](?:masks?|labels?|segs?|segmentations?|annotations?|gt|ground_?truth|manual1?|1stHO)$/i;
const OTHER_OBSERVER = /[-_](?:2ndHO|manual2|2nd_manual|observer2)$/i;
const OTHER_OBSERVER_FOLDER = /^(?:2nd_manual|manual2)$/i;
const IMAGE_FILE = /\.(?:png|jpe?g|tiff?|gif|bmp|webp|p[gp]m|dcm|nii(?:\.gz)?)$/i;

export interface ImageFile {
  /** Path below the source's folder without extension and without an `images/`, with `/`; unique in the source. */
  readonly id: string;
  /** The same with all its folders: what patients are told from. */
  readonly path: string;
  readonly image: string;
  readonly masks: readonly string[];
  readonly patient: string | undefined;
}

export interface FolderListing {
  readonly images: readonly ImageFile[];
  /** Masks that no image was found for. */
  readonly masksWithoutImage: readonly string[];
  readonly numOtherObservers: number;
}

export function listFolder(folder: string, maskSuffix?: string): FolderListing {
  const root = resolve(folder);
  const status = statSync(root, { throwIfNoEntry: false });
  if (status === undefined) throw new MedsslError("ERR_SOURCE_MISSING", `${folder}: no such folder`);
  if (!status.isDirectory()) {
    throw new MedsslError("ERR_SOURCE_FILE", `${folder}: expected a folder of images, got a file`, {
      hint: "Unpack archives first; give the folder that holds the images, or images/ and masks/.",
    });
  }
  const manifest = join(root, "cases.csv");
  return existsSync(manifest) ? listManifest(root, manifest) : listFiles(root, maskSuffix);
}

function listManifest(root: string, manifest: string): FolderListing {
  const images = readManifest(manifest).map(({ image, mask, patient }) => ({
    path: stemOf(image),
    image: join(root, image),
    masks: mask === undefined ? [] : [join(root, mask)],
    patient,
  }));
  return { images: withIds(root, images), masksWithoutImage: [], numOtherObservers: 0 };
}

function listFiles(root: string, maskSuffix: string | undefined): FolderListing {
  const images: string[] = [];
  const masksByKey = new Map<string, string[]>();
  const masks: string[] = [];
  let numOtherObservers = 0;
  for (const file of walk(root)) {
    const path = stemOf(relative(root, file));
    const role = roleOf(path, maskSuffix);
    if (role === "image") images.push(file);
    if (role === "mask") masks.push(file);
    if (role === "other observer") numOtherObservers += 1;
    if (role !== "mask") continue;
    for (const key of maskKeys(path, maskSuffix)) {
      const known = masksByKey.get(key);
      if (known === undefined) masksByKey.set(key, [file]);
      else known.push(file);
    }
  }
  const found = images.map((image) => {
    const path = stemOf(relative(root, image));
    const matches = imageKeys(path).flatMap((key) => masksByKey.get(key) ?? []);
    return { path, image, masks: [...new Set(matches)], patient: undefined };
  });
  const used = new Set(found.flatMap((image) => image.masks));
  return {
    images: withIds(root, found),
    masksWithoutImage: masks.filter((mask) => !used.has(mask)),
    numOtherObservers,
  };
}

function roleOf(path: string, maskSuffix: string | undefined): "image" | "mask" | "other observer" {
  const folders = path.split("/");
  const stem = folders.pop()!;
  const isInMaskFolder = folders.some((folder) => MASK_FOLDER.test(folder));
  if (maskSuffix !== undefined) {
    if (stem.endsWith(maskSuffix)) return "mask";
    if (MASK_SUFFIX.test(stem) || OTHER_OBSERVER.test(stem)) return "other observer";
    return isInMaskFolder ? "mask" : "image";
  }
  if (OTHER_OBSERVER.test(stem) || folders.some((folder) => OTHER_OBSERVER_FOLDER.test(folder))) {
    return "other observer";
  }
  return isInMaskFolder || MASK_SUFFIX.test(stem) ? "mask" : "image";
}

/** What an image's path must be for this mask: without the mask folder, with and without the mask's suffix. */
function maskKeys(path: string, maskSuffix: string | undefined): string[] {
  const parts = path.split("/");
  const stem = parts.pop()!;
  const maskFolder = parts.findIndex((part) => MASK_FOLDER.test(part));
  const folders = maskFolder === -1 ? parts : parts.toSpliced(maskFolder, 1);
  const bare = maskSuffix === undefined ? stem.replace(MASK_SUFFIX, "") : stem.slice(0, -maskSuffix.length);
  const isSuffixed = maskSuffix === undefined || stem.endsWith(maskSuffix);
  const stems = maskFolder === -1 ? [bare] : isSuffixed ? [stem, bare] : [stem];
  return [...new Set(stems)].map((name) => [...folders, name].join("/"));
}

/** The path itself and the path without one of its folders. */
function imageKeys(path: string): string[] {
  const parts = path.split("/");
  return [path, ...parts.slice(0, -1).map((_, i) => parts.toSpliced(i, 1).join("/"))];
}

/** The files below a folder in the order of their names; hidden ones and what archives of macOS add are left out. */
function* walk(folder: string, visited = new Set<string>()): Generator<string> {
  visited.add(realpathSync(folder));
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !/^(?:\.|__MACOSX$)/.test(name));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (isFolder(entry, path)) {
      if (!visited.has(realpathSync(path))) yield* walk(path, visited);
    } else if (IMAGE_FILE.test(entry.name)) {
      yield path;
    }
  }
}

function isFolder(entry: Dirent, path: string): boolean {
  return entry.isSymbolicLink()
    ? statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    : entry.isDirectory();
}

function stemOf(path: string): string {
  return path.replaceAll("\\", "/").replace(IMAGE_FILE, "");
}

/** Ids are short where they can be: without an images folder and the extension, unless two files then are one. */
function withIds(root: string, images: readonly Omit<ImageFile, "id">[]): ImageFile[] {
  const short = images.map(({ path }) =>
    path
      .split("/")
      .filter((part, i, parts) => i === parts.length - 1 || !IMAGE_FOLDER.test(part))
      .join("/"),
  );
  const counts = new Map<string, number>();
  for (const id of short) counts.set(id, (counts.get(id) ?? 0) + 1);
  return images.map((image, i) => ({
    ...image,
    id: counts.get(short[i]!) === 1 ? short[i]! : relative(root, image.image).replaceAll("\\", "/"),
  }));
}
