/**
 * What the results of inputs are called: the stem of the file or the folder's name, with a number where another has it.
 *
 * For good   a file that has a result keeps its name, whatever else is given later.
 * Scans      of an input that holds several are NAME-scan1, NAME-scan2 (segment-inputs.ts), which is known once it is read:
 *            the names are kept free for each input that may, which DICOM does.
 * Same       on one disk or another are names that differ in upper and lower case only, or in how an accent is written.
 * Length     at most 200 bytes, so that endings fit into the 255 that disks take.
 */
import { basename, resolve } from "node:path";
import { stemOf } from "../layouts/image-file.ts";

const SINGLE_SCAN = /\.(?:png|jpe?g|tiff?|gif|bmp|webp|p[bgpn]m|nii|gz|hdr|img)$/i;

const MOST_BYTES = 200;
const SCAN_SUFFIX = /-scan\d+$/i;
/** A series that lies in the topmost folder of a disk has no name. */
const NAMELESS = "images";

/** Whether a file holds one scan; others may be slices of a DICOM series, or volumes in frames. */
export const isSingleScan = (path: string): boolean => SINGLE_SCAN.test(path);

/** The input's name in the name of one of its scans. */
export const withoutScan = (name: string): string => name.replace(SCAN_SUFFIX, "");

/** Equal for names that are one file on some disk. */
export const comparable = (name: string): string => name.normalize("NFC").toLowerCase();

/** Of a result where no other has its name. */
export const baseOfFile = (file: string): string =>
  shortened(stemOf(basename(resolve(file))).replace(/\.(?:ima|hdr)$/i, ""));

/** @param folder May be given as `.`, too. */
export const baseOfFolder = (folder: string): string => shortened(basename(resolve(folder)) || NAMELESS);

/** @param known Names of results that are there, by their input's key. */
export function uniqueNames(
  inputs: readonly { readonly base: string; readonly key: string }[],
  known: ReadonlyMap<string, string> = new Map(),
): string[] {
  const used = new UsedNames();
  for (const [key, name] of known) used.add(name, key);
  /** What is tried first: thousands may have one name (CheXpert's view1_frontal.jpg). */
  const numbers = new Map<string, number>();
  return inputs.map(({ base, key }) => {
    const own = known.get(key);
    if (own !== undefined) return own;
    const numbered = (number: number) => (number === 1 ? base : `${base}-${number}`);
    let number = numbers.get(comparable(base)) ?? 1;
    while (used.has(numbered(number), key)) number++;
    numbers.set(comparable(base), number);
    used.add(numbered(number), key);
    return numbered(number);
  });
}

class UsedNames {
  readonly #names = new Set<string>();
  /** Of inputs that may hold several scans. */
  readonly #several = new Set<string>();
  /** Those whose scans would have a name that is in use. */
  readonly #owners = new Set<string>();

  add(name: string, key: string): void {
    const own = comparable(name);
    this.#names.add(own);
    if (!isSingleScan(key)) this.#several.add(own);
    if (SCAN_SUFFIX.test(own)) this.#owners.add(withoutScan(own));
  }

  has(name: string, key: string): boolean {
    const own = comparable(name);
    const isAmongScans = SCAN_SUFFIX.test(own) && this.#several.has(withoutScan(own));
    return this.#names.has(own) || isAmongScans || (!isSingleScan(key) && this.#owners.has(own));
  }
}

function shortened(name: string): string {
  const characters = [...name];
  while (Buffer.byteLength(characters.join("")) > MOST_BYTES) characters.pop();
  return characters.join("");
}
