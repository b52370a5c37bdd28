/**
 * Archives of DICOM files to copies without what names their patients:
 *
 *     OUT/PATIENT/STUDY/SERIES/INSTANCE.dcm      a pseudonym, and new UIDs
 *
 * What is done   to a file stands in packages/imaging/src/dicom/deidentify.ts.
 * Held back      is a file whose pixels may name the patient, unless it is asked for.
 * Left out       are files of other formats, directories (DICOMDIR), and the second of two files of one instance. A broken
 *                file is listed with the reason and stops nothing.
 * Again          the same files under the same salt give the same copies, in the same place.
 * Errors         `ERR_SOURCE_MISSING`, `ERR_DEIDENTIFY_OUT`, `ERR_SALT`.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import {
  type DeidentifiedFile,
  type DeidentifyOptions,
  deidentifyDicom,
  formatOf,
  readImageBytes,
} from "@medssl/imaging";
import { SourceFolder } from "../layouts/source-folder.ts";
import { readSalt } from "./salt.ts";

export interface DeidentifyArchiveOptions {
  /** Folder of the copies; made when missing. */
  readonly out: string;
  /** File of the salt; made when missing. @default a salt that is forgotten at the end */
  readonly saltFile?: string;
  /** @default "removed" */
  readonly dates?: DeidentifyOptions["dates"];
  /** Writes files whose pixels may name the patient as well. @default false */
  readonly allowsBurnedIn?: boolean;
}

/** `found` is the sum of `written`, `heldBack`, `repeated`, `broken` and `foreign`. */
export interface DeidentifySummary {
  readonly found: number;
  readonly written: number;
  /** Not written: text may be in the pixels. */
  readonly heldBack: number;
  /** Not written: another file of the same instance was. */
  readonly repeated: number;
  readonly broken: number;
  /** No DICOM images: other formats, directories. */
  readonly foreign: number;
  /** Of the copies. */
  readonly patients: number;
  readonly studies: number;
  readonly series: number;
  readonly seconds: number;
  readonly isComplete: boolean;
  /** Broken files; those whose pixels may name the patient, written or not; others under the UID of a written one. */
  readonly problems: readonly DeidentifyProblem[];
}

export interface DeidentifyProblem {
  readonly code: string;
  readonly file: string;
  readonly reason: string;
}

type Outcome = "written" | "heldBack" | "repeated" | "broken" | "foreign";

/** What decides whether a file is DICOM. */
const MARK_BYTES = 256;

export async function deidentifyArchive(
  sources: readonly string[],
  options: DeidentifyArchiveOptions,
  listen: RunListener,
  signal?: AbortSignal,
): Promise<DeidentifySummary> {
  const began = performance.now();
  const roots = [...new Set(sources.map(realPath))];
  const copies = new CopyFolder(openOut(roots, options), options);
  let numFiles = 0;
  for (const _ of filesOf(roots)) numFiles++;
  const work = countedWork("deidentify", numFiles, listen, "files");
  for (const file of filesOf(roots)) {
    if (signal?.aborted) break;
    await copies.take(file);
    work.advance();
    // Nothing else here waits, so that nothing else would let Ctrl-C through.
    await setImmediate();
  }
  const isComplete = work.end();
  return { ...copies.summary(), seconds: (performance.now() - began) / 1000, isComplete };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new MedsslError("ERR_SOURCE_MISSING", `${path}: no such file or folder`, { cause });
  }
}

function* filesOf(roots: readonly string[]): Generator<string> {
  for (const root of roots) {
    const folder = new SourceFolder(root);
    if (!statSync(root).isDirectory()) yield root;
    else for (const path of folder.walk()) yield folder.at(path);
  }
}

/** Makes the folder of the copies, which must not be mistaken for originals, nor hold the salt. */
function openOut(roots: readonly string[], { out, saltFile }: DeidentifyArchiveOptions): string {
  mkdirSync(out, { recursive: true });
  const folder = realpathSync(out);
  const origin = roots.find((root) => isWithin(folder, root) || isWithin(root, folder));
  if (origin !== undefined) {
    throw new MedsslError(
      "ERR_DEIDENTIFY_OUT",
      `${out}: expected a folder apart from the sources, got one with ${origin}`,
      {
        hint: "Copies and originals must not be mixed: give a folder outside the sources.",
      },
    );
  }
  if (saltFile !== undefined && isWithin(resolve(saltFile), folder)) {
    throw new MedsslError(
      "ERR_DEIDENTIFY_OUT",
      `${saltFile}: expected a salt file outside the copies, got one in ${out}`,
      {
        hint: "Who has the salt can test who is behind a pseudonym: keep it where the copies never go.",
      },
    );
  }
  if (saltFile === undefined && readdirSync(folder).length > 0) {
    throw new MedsslError("ERR_DEIDENTIFY_OUT", `${out}: expected an empty folder, since no --salt-file is given`, {
      hint: "Without the salt of the copies that are there, the same patient would get another name beside them.",
    });
  }
  return folder;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
}

class CopyFolder {
  readonly #folder: string;
  readonly #options: DeidentifyOptions;
  readonly #allowsBurnedIn: boolean;
  readonly #counts: Record<Outcome, number> = { written: 0, heldBack: 0, repeated: 0, broken: 0, foreign: 0 };
  readonly #names = { patients: new Set<string>(), studies: new Set<string>(), series: new Set<string>() };
  readonly #instances = new Set<string>();
  readonly #problems: DeidentifyProblem[] = [];

  constructor(folder: string, { saltFile, dates = "removed", allowsBurnedIn = false }: DeidentifyArchiveOptions) {
    this.#folder = folder;
    this.#options = { salt: saltFile === undefined ? randomBytes(32) : readSalt(saltFile), dates };
    this.#allowsBurnedIn = allowsBurnedIn;
  }

  async take(file: string): Promise<void> {
    this.#counts[await this.#outcomeOf(file)]++;
  }

  summary(): Omit<DeidentifySummary, "seconds" | "isComplete"> {
    const { patients, studies, series } = this.#names;
    const found = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    const sizes = { patients: patients.size, studies: studies.size, series: series.size };
    return { found, ...this.#counts, ...sizes, problems: this.#problems };
  }

  async #outcomeOf(file: string): Promise<Outcome> {
    let copy: DeidentifiedFile;
    try {
      if (/^dicomdir$/i.test(basename(file)) || !isDicomFile(file)) return "foreign";
      copy = deidentifyDicom(await readImageBytes(file), file, this.#options);
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      this.#problems.push({ code: error.code, file, reason: error.message });
      return "broken";
    }
    if (copy.burnedInRisk !== undefined) {
      this.#problems.push({ code: "ERR_BURNED_IN", file, reason: `${file}: ${copy.burnedInRisk}` });
      if (!this.#allowsBurnedIn) return "heldBack";
    }
    const path = join(this.#folder, copy.patient, copy.study, copy.series, `${copy.instance}.dcm`);
    if (!this.#instances.has(copy.instance)) {
      this.#write(path, copy);
      return "written";
    }
    if (!isFileOf(path, copy.bytes)) {
      const reason = `${file}: has the UID of an image that was written, and is another`;
      this.#problems.push({ code: "ERR_DICOM_IDENTITY", file, reason });
    }
    return "repeated";
  }

  #write(path: string, { bytes, patient, study, series, instance }: DeidentifiedFile): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.partial`, bytes);
    renameSync(`${path}.partial`, path);
    this.#instances.add(instance);
    this.#names.patients.add(patient);
    this.#names.studies.add(study);
    this.#names.series.add(series);
  }
}

function isFileOf(path: string, bytes: Uint8Array): boolean {
  return existsSync(path) && readFileSync(path).equals(bytes);
}

function isDicomFile(file: string): boolean {
  const mark = Buffer.alloc(MARK_BYTES);
  let numBytes: number;
  try {
    const descriptor = openSync(file, "r");
    numBytes = readSync(descriptor, mark);
    closeSync(descriptor);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MedsslError("ERR_IMAGE_READ", `${file}: cannot be read (${reason})`, { cause });
  }
  return formatOf(mark.subarray(0, numBytes), file) === "dicom";
}
