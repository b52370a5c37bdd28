/**
 * What there is to segment in files and folders.
 *
 * Series     DICOM files of a folder are put together by their headers: a series is one scan, whatever its files are called.
 *            Where a folder holds several, each is told apart by its number and description (`tellApart`).
 * Masks      files of a folder that are named as masks (`a_mask.png`, `labels/a.nii.gz`) are left out; a file that is
 *            given by itself is segmented, whatever its name.
 * Left out   what predictions wrote, this one's or others', wherever it lies, but not what lies beside it; what is given
 *            twice.
 * Order      as the files lie in their folders.
 * Errors     `ERR_INPUT_MISSING`, `ERR_INPUT_EMPTY`.
 */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { MedsslError } from "@medssl/contract";
import { readFileHeader } from "../layouts/dicom-header.ts";
import { listDicom } from "../layouts/dicom-series.ts";
import { isImageFile, stemOf } from "../layouts/image-file.ts";
import { plainRole } from "../layouts/mask-table.ts";
import { SourceFolder } from "../layouts/source-folder.ts";
import { shortHash } from "../private/pseudonyms.ts";
import { COPIES_FOLDER, OUTPUT_FOLDERS } from "./output-formats.ts";
import { baseOfFile, baseOfFolder, isSingleScan, uniqueNames } from "./result-names.ts";

/** A folder with STUDY/SERIES/INSTANCE.dcm of an archive: these are called by their addresses there. */
export interface FetchedFolder {
  readonly folder: string;
  /** Of the archive. */
  readonly address: string;
}

export interface PredictionInput {
  /** The file, or the folder of the series, below what was given, as it was given; or its address in the archive. */
  readonly file: string;
  /** What it is, wherever the command is called from, and whichever folder above it is given. */
  readonly key: string;
  /** Below what was given, without extension: what its truth is called. */
  readonly path: string;
  /** Of the result's files, without extension; each its own. */
  readonly name: string;
  readonly files: readonly string[];
  /** Changes where the files do. */
  readonly identity: string;
}

interface FoundInput extends Omit<PredictionInput, "name" | "identity"> {
  /** What its results are called where no other has that name. */
  readonly base: string;
  readonly isFetched?: boolean;
}

export interface FoundInputs {
  readonly inputs: readonly FoundInput[];
  /** Files that are named as masks, and left out. */
  readonly masks: readonly string[];
  /** Sentences about what else was left out. */
  readonly notes: readonly string[];
}

/** By which a folder of results is known: what is done in it (prediction-ledger.ts). */
export const LEDGER = "predictions.jsonl";

const REPORTS = /(?:^|\/)predictions\.(?:csv|json|jsonl)$/;

/** Folders of results, and of copies, in a folder that a prediction writes to. */
const resultFolders = (out: string): string[] =>
  [...OUTPUT_FOLDERS, COPIES_FOLDER].map((name) => join(resolve(out), name));

/** @param out Folder of results, which are no inputs. */
export async function findInputs(given: readonly (string | FetchedFolder)[], out: string): Promise<FoundInputs> {
  let numResults = 0;
  const masks: string[] = [];
  const notes: string[] = [];
  const found: FoundInput[] = [];
  const ownResults = new Set(resultFolders(out));
  const hasResults = existsSync(join(out, LEDGER));
  for (const one of given) {
    const input = typeof one === "string" ? one : one.folder;
    const entry = statSync(input, { throwIfNoEntry: false });
    if (entry === undefined) throw new MedsslError("ERR_INPUT_MISSING", `${input}: no such file or folder`);
    if (!entry.isDirectory()) {
      found.push(singleFile(input, basename(input)));
      continue;
    }
    const folder = new SourceFolder(input);
    const all = [...folder.walk()];
    const ledgers = all.filter((path) => basename(path) === LEDGER).map((path) => dirname(folder.at(path)));
    const results = new Set([...ownResults, ...ledgers.flatMap(resultFolders)]);
    const own =
      typeof one === "string" ? all.filter((path) => !REPORTS.test(path) && !isBelow(folder.at(path), results)) : all;
    numResults += all.length - own.length;
    // Where nothing was predicted yet they are somebody else's.
    const taken = hasResults ? [] : all.filter((path) => isBelow(folder.at(path), ownResults));
    if (typeof one === "string" && taken.length > 0) {
      const were = taken.length === 1 ? "file lies where results go, and was" : "files lie where results go, and were";
      notes.push(`${taken.length} ${were} left out, such as ${folder.at(taken[0]!)}: give another --out`);
    }
    const inFolder: FoundInput[] = [];
    for (const path of own.filter((path) => isSingleScan(path) && isImageFile(join(input, path)))) {
      if (plainRole(path, undefined) === "image") inFolder.push(singleFile(join(input, path), path));
      else masks.push(join(input, path));
    }
    for (const path of folder.unreadable) notes.push(`${path}: this folder cannot be read and was left out`);
    const slices = own.filter((path) => !isSingleScan(path));
    if (slices.length > 0) {
      const dicom = await findSeries(folder, slices, one);
      inFolder.push(...(await tellApart(dicom.series)));
      notes.push(...dicom.notes);
    }
    const placeOf = new Map(own.map((path, i) => [folder.at(path), i]));
    const place = ({ files }: FoundInput) =>
      files.reduce((least, file) => Math.min(least, placeOf.get(resolve(file))!), Number.POSITIVE_INFINITY);
    const placed = inFolder.map((one) => ({ one, at: place(one) })).sort((a, b) => a.at - b.at);
    for (const { one } of placed) found.push(one);
  }
  const unique = new Map(found.toReversed().map((input) => [input.key, input]));
  const inputs = found.filter((input) => unique.get(input.key) === input);
  if (inputs.length === 0) throw nothingFound(given, masks, notes, numResults);
  return { inputs, masks, notes };
}

function isBelow(file: string, folders: ReadonlySet<string>): boolean {
  for (let at = dirname(file); at !== dirname(at); at = dirname(at)) if (folders.has(at)) return true;
  return false;
}

function singleFile(file: string, path: string): FoundInput {
  return { file, key: resolve(file), path: stemOf(path), base: baseOfFile(file), files: [file] };
}

async function findSeries(folder: SourceFolder, paths: readonly string[], given: string | FetchedFolder) {
  const root = typeof given === "string" ? given : given.folder;
  const series: FoundInput[] = [];
  const notes: string[] = [];
  // Masks of any kind are no images: nothing is to be said of them.
  for await (const entry of listDicom(folder, paths, { takesAutomaticMasks: true })) {
    if ("note" in entry) {
      const { note, example, topic } = entry;
      if (topic === undefined) notes.push(example === undefined ? note : `${note}, such as ${example}`);
      continue;
    }
    const { files, key } = entry;
    const [first] = files as [string];
    const isAlone = files.length === 1;
    const isAtRoot = relative(root, dirname(first)) === "";
    if (typeof given !== "string") {
      const [study, uid] = [basename(dirname(dirname(first))), basename(dirname(first))];
      const file = `${given.address}/studies/${study}/series/${uid}`;
      series.push({ file, key: `${given.address}/${key}`, path: uid, base: uid, files, isFetched: true });
      continue;
    }
    const shown = join(root, relative(root, first));
    const file = isAlone ? shown : isAtRoot ? root : dirname(shown);
    const path = isAlone ? stemOf(relative(root, first)) : isAtRoot ? basename(folder.root) : relative(root, file);
    const base = isAlone ? baseOfFile(file) : baseOfFolder(file);
    series.push({ file, key: isAlone ? resolve(first) : `${dirname(first)}/${key}`, path, base, files });
  }
  return { series, notes };
}

/** Series of one folder, and volumes of one series: by number and description, else by the first file. */
async function tellApart(series: readonly FoundInput[]): Promise<FoundInput[]> {
  const together = Map.groupBy(series, ({ file }) => file);
  const labels = new Map<FoundInput, string>();
  for (const one of series.filter(({ file }) => together.get(file)!.length > 1)) {
    const { header } = await readFileHeader(one.files[0]!);
    const [number, description] =
      header instanceof MedsslError ? [] : ["00200011", "0008103E"].map((tag) => header.string(tag));
    labels.set(one, [number && `series ${number}`, description].filter(Boolean).join(", "));
  }
  return series.map((one) => {
    const label = labels.get(one);
    if (label === undefined) return one;
    const isAlone = label !== "" && together.get(one.file)!.filter((other) => labels.get(other) === label).length === 1;
    const words = isAlone ? label : [label, `from ${basename(one.files[0]!)}`].filter(Boolean).join(", ");
    return { ...one, file: `${one.file} (${words})` };
  });
}

function nothingFound(
  given: readonly (string | FetchedFolder)[],
  masks: readonly string[],
  notes: readonly string[],
  numResults: number,
): MedsslError {
  const places = given.map((one) => (typeof one === "string" ? one : one.address)).join(", ");
  const others = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  return new MedsslError("ERR_INPUT_EMPTY", `No image in ${places}${others}.`, { hint: hintOf(masks, numResults) });
}

function hintOf([mask]: readonly string[], numResults: number): string {
  if (mask !== undefined) {
    return `Its images are named as masks, such as ${mask}; give one by itself if it is to be segmented.`;
  }
  const left = numResults > 0 ? "What predictions wrote is left out. " : "";
  return `${left}Give image files of a format that \`medssl ingest\` reads, or a folder of them.`;
}

/** @param known Names of results that are there, by their input's key. */
export function nameInputs(
  inputs: readonly FoundInput[],
  known: ReadonlyMap<string, string> = new Map(),
): PredictionInput[] {
  const names = uniqueNames(inputs, known);
  return inputs.map(({ isFetched = false, base: _, ...input }, i) => ({
    ...input,
    name: names[i]!,
    identity: identityOf(input.files, isFetched),
  }));
}

/** What was fetched is a copy, whose time says nothing, and an instance's UID never means something else. */
function identityOf(files: readonly string[], isFetched: boolean): string {
  const facts = files.map((file) => {
    const { size = 0, mtimeMs = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return isFetched ? `${basename(file)} ${size}` : `${resolve(file)} ${size} ${mtimeMs}`;
  });
  return shortHash(facts.join("\n"));
}
