/**
 * What a folder of results holds: `predictions.jsonl`, whose first line is the model with its settings, and each further one
 * an input that is done, or the names that results will have. A prediction that was stopped goes on by it.
 *
 * Order    names are claimed, on the disk, before anything else is written: a file of a name that is not is somebody
 *          else's, and stays. An input's own line follows its files; without it the input is segmented again.
 * Whole    is a result whose files are as large as they were: a power failure may leave less of them under their names.
 * One      prediction at a time: the folder is locked for as long as it writes (`lockResults`).
 * Errors   `ERR_OUTPUT_OTHER` where the folder holds results of another model or of other settings, or files of that name
 *          that were made by something else; `ERR_OUTPUT_BUSY`.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MedsslError } from "@medssl/contract";
import { PART_SUFFIX } from "@medssl/imaging";
import { lockFolder } from "../folder-lock.ts";
import { OUTPUT_FOLDERS, OUTPUT_SUFFIX } from "./output-formats.ts";
import { LEDGER, type PredictionInput } from "./prediction-inputs.ts";
import {
  type Prediction,
  REPORT_VERSION,
  type ReportHead,
  type SkippedInput,
  type StoredResult,
} from "./prediction-report.ts";
import { comparable, isSingleScan, withoutScan } from "./result-names.ts";
import { outputFailure, putFile } from "./write-result.ts";

const LOCK = ".predict-lock";

/**
 * Takes a folder of results for one prediction.
 *
 * @throws {MedsslError} `ERR_OUTPUT_BUSY`, `ERR_OUTPUT_WRITE`, `ERR_DISK_FULL`
 */
export function lockResults(out: string): Disposable {
  const lock = takeLock(out);
  if (lock !== undefined) return lock;
  throw new MedsslError("ERR_OUTPUT_BUSY", `${out}: another prediction is writing to this folder`, {
    hint: "Wait until it is done, stop it, or give another --out.",
  });
}

function takeLock(out: string): Disposable | undefined {
  try {
    return lockFolder(out, LOCK);
  } catch (error) {
    throw outputFailure(out, error);
  }
}

/** An input that is done. */
export interface LedgerEntry {
  readonly key: string;
  readonly name: string;
  readonly identity: string;
  readonly predictions: readonly Prediction[];
  /** Scans of it that could not be segmented. */
  readonly skipped: readonly SkippedInput[];
}

interface FileFacts {
  readonly bytes: number;
  readonly modifiedMs: number;
}

interface LedgerLine extends LedgerEntry {
  /** Its files as they were written, by their paths below the folder; older lines do not have them. */
  readonly files?: Readonly<Record<string, FileFacts | undefined>> | undefined;
}

/** Names of results by the keys of their inputs, from when they may be on the disk. */
interface Claims {
  readonly claims: Readonly<Record<string, string>>;
}

/** The identity of what made the results; classes follow from the model. */
export type LedgerHead = Omit<ReportHead, "classes">;

export class PredictionLedger {
  readonly #out: string;
  readonly #entries = new Map<string, LedgerLine>();
  readonly #names = new Map<string, string>();
  readonly #isOverwriting: boolean;
  #head: ReportHead | undefined;

  /** @throws {MedsslError} `ERR_OUTPUT_OTHER`, `ERR_OUTPUT_LEDGER` */
  constructor(out: string, head: LedgerHead, isOverwriting: boolean) {
    this.#out = out;
    this.#isOverwriting = isOverwriting;
    const path = join(out, LEDGER);
    if (!existsSync(path)) return;
    const lines = readFileSync(path, "utf8").split("\n").flatMap(parsed);
    const [first, ...entries] = lines as [ReportHead | undefined, ...(LedgerLine | Claims)[]];
    try {
      requireSame(out, requireHead(path, first), head);
    } catch (error) {
      if (isOverwriting) return;
      throw error;
    }
    this.#head = first;
    for (const entry of entries) {
      if ("claims" in entry) for (const [key, name] of Object.entries(entry.claims)) this.#names.set(key, name);
      else this.#remember(entry);
    }
  }

  /** What the model marks, where the folder says it. */
  get classes(): ReportHead["classes"] | undefined {
    return this.#head?.classes;
  }

  /** Names of results by their inputs' keys. */
  get names(): ReadonlyMap<string, string> {
    return this.#names;
  }

  /**
   * Of an input that is done, is as it was, and whose files are to stay: all are whole, or somebody has corrected one, which
   * then counts more than those that are gone. It is called as it is given now.
   */
  find(input: PredictionInput): LedgerEntry | undefined {
    const entry = this.#entries.get(input.key);
    if (this.#isOverwriting || entry?.identity !== input.identity) return undefined;
    const isWhole = (path: string) => this.#isWhole(entry, path);
    if (!pathsOf(entry).every(isWhole) && !this.isEdited(input)) return undefined;
    const { file } = input;
    const predictions = entry.predictions.map((one) => ({
      ...one,
      file,
      outputs: Object.fromEntries(Object.entries(one.outputs).filter(([, path]) => isWhole(path))),
    }));
    return { ...entry, predictions, skipped: entry.skipped.map((one) => ({ ...one, file })) };
  }

  /** Whether there is a result of what the input was before. */
  isChanged({ key, identity }: PredictionInput): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.identity !== identity;
  }

  /** Whether a file of its result is there, but only in part. */
  isDamaged({ key }: PredictionInput): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    return pathsOf(entry).some((path) => this.#factsOf(path) !== undefined && !this.#isWhole(entry, path));
  }

  /** Whether somebody has corrected a file of its result. */
  isEdited({ key }: PredictionInput): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && pathsOf(entry).some((path) => isEdited(this.#factsOf(path), entry.files?.[path]));
  }

  /**
   * Makes the folders, and the ledger where there is none.
   *
   * @param todo Inputs that will be written. @throws {MedsslError} `ERR_OUTPUT_OTHER`
   */
  begin(head: ReportHead, todo: readonly PredictionInput[]): void {
    const unclaimed = todo.filter(({ key, name }) => this.#names.get(key) !== name);
    const foreign = this.#isOverwriting ? undefined : this.#existing(unclaimed);
    if (foreign !== undefined) {
      throw new MedsslError(
        "ERR_OUTPUT_OTHER",
        `${join(this.#out, foreign)}: exists, and no prediction says how it was made`,
        {
          hint: "Give another --out, or --overwrite.",
        },
      );
    }
    for (const folder of OUTPUT_FOLDERS) removeParts(join(this.#out, folder));
    if (this.#head === undefined) putFile(join(this.#out, LEDGER), `${JSON.stringify(head)}\n`);
    this.#head ??= head;
    if (unclaimed.length === 0) return;
    for (const { key, name } of unclaimed) this.#names.set(key, name);
    this.#append({ claims: Object.fromEntries(unclaimed.map(({ key, name }) => [key, name])) });
  }

  /** Of an input whose files are written. */
  add(entry: LedgerEntry): void {
    this.#put({ ...entry, files: Object.fromEntries(pathsOf(entry).map((path) => [path, this.#factsOf(path)])) });
  }

  /** Replaces what is said of the results' way into an archive; their files are as they were written, or corrected since. */
  setStored(entry: LedgerEntry, predictionName: string, stored: readonly StoredResult[]): LedgerEntry {
    const predictions = entry.predictions.map((one) => (one.name === predictionName ? { ...one, stored } : one));
    const updated = { ...entry, predictions };
    this.#put({ ...updated, files: this.#entries.get(entry.key)?.files });
    return updated;
  }

  /** Files in the folders of results that none of the predictions wrote. */
  findOthers(predictions: readonly Prediction[]): string[] {
    const own = new Set(pathsOf({ predictions }));
    return OUTPUT_FOLDERS.flatMap((folder) =>
      filesOf(join(this.#out, folder)).map((name) => `${folder}/${name}`),
    ).filter((path) => !own.has(path));
  }

  #factsOf(path: string): FileFacts | undefined {
    const found = statSync(join(this.#out, path), { throwIfNoEntry: false });
    return found && { bytes: found.size, modifiedMs: found.mtimeMs };
  }

  #isWhole({ files }: LedgerLine, path: string): boolean {
    const now = this.#factsOf(path);
    const written = files?.[path];
    return now !== undefined && (written === undefined || now.bytes === written.bytes || isEdited(now, written));
  }

  #put(line: LedgerLine): void {
    this.#remember(line);
    this.#append(line);
  }

  #remember(entry: LedgerLine): void {
    this.#entries.set(entry.key, entry);
    this.#names.set(entry.key, entry.name);
  }

  /** Claims wait for the disk, once for all: no power failure leaves a result that nobody claimed. */
  #append(line: LedgerLine | Claims): void {
    try {
      // A kill may have left the last line without its end.
      appendFileSync(join(this.#out, LEDGER), `\n${JSON.stringify(line)}\n`, { flush: "claims" in line });
    } catch (error) {
      throw outputFailure(join(this.#out, LEDGER), error);
    }
  }

  /** A file that would be replaced, or be taken for one of a scan. */
  #existing(todo: readonly PredictionInput[]): string | undefined {
    const names = new Set(todo.map(({ name }) => comparable(name)));
    const several = new Set(todo.filter(({ key }) => !isSingleScan(key)).map(({ name }) => comparable(name)));
    const isTheirs = (file: string) => {
      const name = comparable(file.replace(OUTPUT_SUFFIX, ""));
      return names.has(name) || several.has(withoutScan(name));
    };
    for (const folder of OUTPUT_FOLDERS) {
      const found = filesOf(join(this.#out, folder)).find(isTheirs);
      if (found !== undefined) return `${folder}/${found}`;
    }
    return undefined;
  }
}

const pathsOf = ({ predictions }: Pick<LedgerEntry, "predictions">): string[] =>
  predictions.flatMap(({ outputs }) => Object.values(outputs));

/** A power failure leaves a part of what was written, or nothing, but never a later time; a copy has that, but the same size. */
const isEdited = (now: FileFacts | undefined, written: FileFacts | undefined): boolean =>
  now !== undefined &&
  written !== undefined &&
  now.bytes > 0 &&
  now.bytes !== written.bytes &&
  now.modifiedMs > written.modifiedMs;

/** A kill or a full disk may leave part of a line. */
function parsed(line: string): unknown[] {
  if (line === "") return [];
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

/** @throws {MedsslError} `ERR_OUTPUT_LEDGER` */
function requireHead(path: string, first: ReportHead | undefined): ReportHead {
  if (first?.format === "medssl-predictions") return first;
  throw new MedsslError("ERR_OUTPUT_LEDGER", `${path}: expected what a prediction writes, got something else`, {
    hint: "Give another --out, or --overwrite.",
  });
}

/** @throws {MedsslError} `ERR_OUTPUT_OTHER` */
function requireSame(out: string, before: ReportHead, now: LedgerHead): void {
  const refuse = (text: string) =>
    new MedsslError("ERR_OUTPUT_OTHER", `${out}: holds results ${text}`, {
      hint: "Give another --out, or --overwrite to make them anew.",
    });
  if (before.version !== REPORT_VERSION) throw refuse(`of another version of this program (${before.producer})`);
  const [old, model] = [before.model, now.model];
  if (old.sha256 !== model.sha256) {
    const text = ({ name, sha256 }: ReportHead["model"]) => `"${name}" (${sha256.slice(0, 8)})`;
    throw refuse(`of the model ${text(old)}, this is ${text(model)}`);
  }
  const names = new Set([...Object.keys(before.settings), ...Object.keys(now.settings)]);
  for (const name of names) {
    const [was, is] = [before.settings[name], now.settings[name]];
    if (isDeepStrictEqual(was, is)) continue;
    throw refuse(`with ${name} ${settingText(was)}, this is ${settingText(is)}`);
  }
}

const settingText = (value: unknown): string => (value === undefined ? "as the model has it" : String(value));

const filesOf = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

/** Of a prediction that was killed while it wrote. */
function removeParts(folder: string): void {
  for (const name of filesOf(folder)) if (name.endsWith(PART_SUFFIX)) rmSync(join(folder, name), { force: true });
}
