/**
 * What there is to segment in files and folders.
 *
 * Series     DICOM files of a folder are put together by their headers: a series is one scan, whatever its files are called.
 * Masks      files of a folder that are named as masks (`a_mask.png`, `labels/a.nii.gz`) are left out; a file that is
 *            given by itself is segmented, whatever its name.
 * Left out   what an earlier prediction wrote.
 * Errors     `ERR_INPUT_MISSING`, `ERR_INPUT_EMPTY`.
 */
import { statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { MedsslError } from "@medssl/contract";
import { listDicom } from "../layouts/dicom-series.ts";
import { isImageFile } from "../layouts/image-file.ts";
import { plainRole } from "../layouts/mask-table.ts";
import { SourceFolder } from "../layouts/source-folder.ts";

export interface PredictionInput {
  /** The file, or the folder of the series. */
  readonly file: string;
  /** Of the result's files, without extension; each its own. */
  readonly name: string;
  readonly files: readonly string[];
}

export interface PredictionInputs {
  readonly inputs: readonly PredictionInput[];
  /** Files that are named as masks, and left out. */
  readonly masks: readonly string[];
}

/** Endings of files that are read one by one; others may be slices of a DICOM series. */
const SINGLE_FILE = /\.(?:png|jpe?g|tiff?|gif|bmp|webp|p[bgpn]m|nii|gz|hdr|img)$/i;

export async function listInputs(given: readonly string[], out: string): Promise<PredictionInputs> {
  const results = `${resolve(out)}${sep}`;
  const masks: string[] = [];
  const found: Omit<PredictionInput, "name">[] = [];
  for (const input of given) {
    const entry = statSync(input, { throwIfNoEntry: false });
    if (entry === undefined) throw new MedsslError("ERR_INPUT_MISSING", `${input}: no such file or folder`);
    if (!entry.isDirectory()) {
      found.push({ file: input, files: [input] });
      continue;
    }
    const folder = new SourceFolder(input);
    const own = [...folder.walk()].filter((path) => !resolve(input, path).startsWith(results));
    for (const path of own.filter((path) => SINGLE_FILE.test(path) && isImageFile(join(input, path)))) {
      const file = join(input, path);
      if (plainRole(path, undefined) === "image") found.push({ file, files: [file] });
      else masks.push(file);
    }
    const others = own.filter((path) => !SINGLE_FILE.test(path));
    if (others.length > 0) found.push(...(await seriesOf(folder, others, input)));
  }
  if (found.length === 0) {
    throw new MedsslError("ERR_INPUT_EMPTY", `No image in ${given.join(", ")}.`, {
      hint:
        masks.length > 0
          ? `Its ${masks.length} images are named as masks; give one of them by itself if it is to be segmented.`
          : "Give image files of a format that `medssl ingest` reads, or a folder of them.",
    });
  }
  const names = uniqueNames(found.map(({ file }) => file));
  return { inputs: found.map((input, i) => ({ ...input, name: names[i]! })), masks };
}

async function seriesOf(folder: SourceFolder, paths: readonly string[], root: string) {
  const series: Omit<PredictionInput, "name">[] = [];
  for await (const entry of listDicom(folder, paths)) {
    if (!("files" in entry)) continue;
    const [first] = entry.files as [string];
    const isAlone = entry.files.length === 1;
    const above = relative(root, dirname(first)) === "" ? root : dirname(first);
    series.push({ file: isAlone ? first : above, files: entry.files });
  }
  return series;
}

/** A name of its own for each file's result: the stem, with a number where another file has it already. */
export function uniqueNames(files: readonly string[]): string[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = basename(file, extname(file)).replace(/\.nii$/i, "");
    let name = stem;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}`;
    taken.add(name.toLowerCase()); // some disks do not tell A from a
    return name;
  });
}
