/**
 * The masks of a plain folder by what their images may be called, kept in a temporary file, and how often each is used.
 *
 * Pairing   an image and a mask belong together when their paths are equal but for the mask folder, one folder of the
 *           image's, the mask's suffix and the extensions.
 * Other observers' masks are neither masks nor images: `Image_01L_2ndHO`, a folder `2nd_manual`.
 */

import { DatabaseSync } from "node:sqlite";
import { stemOf } from "./image-file.ts";
import type { SourceNote } from "./layout.ts";

const MASK_FOLDER =
  /^(?:.*[-_ ])?(?:masks?|labels?(?:tr)?|segs?|segmentations?|annotations?|gts?|ground[-_ ]?truths?|manual1?)$/i;
const MASK_SUFFIX = /[-_](?:masks?|labels?|segs?|segmentations?|annotations?|gt|ground_?truth|manual1?|1stHO)$/i;
const OTHER_OBSERVER = /[-_](?:2ndHO|manual2|2nd_manual|observer2)$/i;
const OTHER_OBSERVER_FOLDER = /^(?:2nd_manual|manual2)$/i;

export type PlainRole = "image" | "mask" | "other observer";

/**
 * What a file of a plain folder is, told from its path.
 *
 * @param suffix The only one that counts, where the user names one; names with another known suffix are then neither.
 */
export function plainRole(file: string, suffix: string | undefined): PlainRole {
  const folders = stemOf(file).split("/");
  const stem = folders.pop()!;
  const isInMaskFolder = folders.some((folder) => MASK_FOLDER.test(folder));
  if (suffix !== undefined) {
    if (stem.endsWith(suffix)) return "mask";
    if (MASK_SUFFIX.test(stem) || OTHER_OBSERVER.test(stem)) return "other observer";
    return isInMaskFolder ? "mask" : "image";
  }
  if (OTHER_OBSERVER.test(stem) || folders.some((folder) => OTHER_OBSERVER_FOLDER.test(folder))) {
    return "other observer";
  }
  return isInMaskFolder || MASK_SUFFIX.test(stem) ? "mask" : "image";
}

/** The image's name in a mask's: `a` of `a_mask`. @param stem Without extension */
export const withoutMaskSuffix = (stem: string): string => stem.replace(MASK_SUFFIX, "");

export class MaskTable {
  readonly #database = new DatabaseSync("");
  readonly #suffix: string | undefined;
  readonly #insert;
  readonly #insertKey;
  readonly #select;
  readonly #use;

  constructor(suffix: string | undefined) {
    this.#suffix = suffix;
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      CREATE TABLE masks (id INTEGER PRIMARY KEY, file TEXT, uses INTEGER);
      CREATE TABLE keys (key TEXT, mask INTEGER, PRIMARY KEY (key, mask)) WITHOUT ROWID;
      BEGIN`);
    this.#insert = this.#database.prepare("INSERT INTO masks VALUES (NULL, ?, 0)");
    this.#insertKey = this.#database.prepare("INSERT INTO keys VALUES (?, ?)");
    this.#select = this.#database.prepare(
      "SELECT id, file FROM keys JOIN masks ON id = mask WHERE key = ? ORDER BY id",
    );
    this.#use = this.#database.prepare("UPDATE masks SET uses = uses + 1 WHERE id = ?");
  }

  add(file: string): void {
    const { lastInsertRowid } = this.#insert.run(file);
    for (const key of imagePathsOf(stemOf(file), this.#suffix)) this.#insertKey.run(key, lastInsertRowid);
  }

  /** The masks that fit an image. */
  take(image: string): string[] {
    const masks = new Map(
      maskPathsOf(stemOf(image)).flatMap((key) =>
        this.#select.all(key).map(({ id, file }) => [Number(id), String(file)]),
      ),
    );
    for (const id of masks.keys()) this.#use.run(id);
    return [...masks.values()];
  }

  /** Once all images have taken theirs. */
  *notes(): Generator<SourceNote> {
    const unused = this.#database
      .prepare("SELECT count(*) AS number, min(file) AS file FROM masks WHERE uses = 0")
      .get()!;
    if (Number(unused["number"]) > 0)
      yield { note: `${unused["number"]} masks have no image, such as ${unused["file"]}` };
    const { number } = this.#database.prepare("SELECT sum(uses - 1) AS number FROM masks WHERE uses > 1").get()!;
    if (Number(number) > 0) yield { note: `${number} images share their mask with another image: is that meant?` };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** What the path of this mask's image may be: without the mask folder, with and without the mask's suffix. */
function imagePathsOf(mask: string, suffix: string | undefined): string[] {
  const parts = mask.split("/");
  const stem = parts.pop()!;
  const maskFolder = parts.findIndex((part) => MASK_FOLDER.test(part));
  const folders = maskFolder === -1 ? parts : parts.toSpliced(maskFolder, 1);
  const bare = suffix === undefined ? withoutMaskSuffix(stem) : stem.slice(0, -suffix.length);
  const isSuffixed = suffix === undefined || stem.endsWith(suffix);
  const stems = maskFolder === -1 ? [bare] : isSuffixed ? [stem, bare] : [stem];
  return [...new Set(stems)].map((name) => [...folders, name].join("/"));
}

/** The path itself, and without one of its folders. */
function maskPathsOf(image: string): string[] {
  const parts = image.split("/");
  return [image, ...parts.slice(0, -1).map((_, i) => parts.toSpliced(i, 1).join("/"))];
}
