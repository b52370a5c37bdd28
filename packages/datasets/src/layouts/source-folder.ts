/**
 * A folder as a layout sees it: names, never pixels. Paths are relative to the folder, with `/`.
 *
 * Left out   hidden files, `__MACOSX` and AppleDouble twins (`._x`), wherever they lie.
 * Order      by name, so that two runs, and the shards of one run, list the same things in the same order.
 * Links      to folders are followed, each folder once.
 */

import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { CsvIndex, type CsvRecord, readCsv } from "./csv.ts";

const LEFT_OUT = /^(?:\.|__MACOSX$)/;

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export class SourceFolder {
  /** Absolute path. */
  readonly root: string;
  /** Folders below that may not be read, as far as they were met: their files are in no list. */
  readonly unreadable = new Set<string>();

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** The absolute path. */
  at(path: string): string {
    return join(this.root, path);
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  /** The first of the paths that exists. */
  firstOf(...paths: readonly string[]): string | undefined {
    return paths.find((path) => this.has(path));
  }

  /** A folder below as a source of its own. */
  below(path: string): SourceFolder {
    return new SourceFolder(this.at(path));
  }

  /** Names in a folder, sorted; nothing where it is missing. */
  names(folder = ""): string[] {
    try {
      return readdirSync(this.at(folder))
        .filter((name) => !LEFT_OUT.test(name))
        .sort();
    } catch {
      return [];
    }
  }

  /** Names of the folders in a folder, sorted. */
  folders(folder = ""): string[] {
    return this.entries(folder).flatMap(({ name, isFolder }) => (isFolder ? [name] : []));
  }

  /** What is in a folder, sorted by name; nothing where it is missing. */
  entries(folder = ""): FolderEntry[] {
    try {
      return readdirSync(this.at(folder), { withFileTypes: true })
        .filter(({ name }) => !LEFT_OUT.test(name))
        .map((entry) => ({ name: entry.name, isFolder: this.#isFolder(folder, entry) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) this.unreadable.add(folder);
      return [];
    }
  }

  #isFolder(folder: string, entry: Dirent): boolean {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    return statSync(this.at(join(folder, entry.name)), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** All files below a folder. */
  *walk(folder = "", visited = new Set<string>()): Generator<string> {
    const here = realpath(this.at(folder));
    if (here === undefined || visited.has(here)) return;
    visited.add(here);
    for (const { name, isFolder } of this.entries(folder)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isFolder) yield* this.walk(path, visited);
      else yield path;
    }
  }

  /** The first files below, for recognising. */
  sample(count: number, folder = ""): string[] {
    return this.walk(folder).take(count).toArray();
  }

  /** Path of a table that may be there as `x.csv` or as `x.csv.gz`. */
  table(path: string): string | undefined {
    return this.firstOf(path, `${path}.gz`);
  }

  /** Records of a table, `.csv` or `.csv.gz`; nothing where it is missing. */
  async *csv(path: string, requiredColumns: readonly string[] = []): AsyncGenerator<CsvRecord> {
    const table = this.table(path);
    if (table !== undefined) yield* readCsv(this.at(table), requiredColumns);
  }

  /** A table to look up by key; undefined where it is missing. */
  async index(
    path: string,
    keyOf: (record: CsvRecord) => string,
    requiredColumns: readonly string[] = [],
  ): Promise<CsvIndex | undefined> {
    const table = this.table(path);
    return table === undefined ? undefined : await CsvIndex.read(this.at(table), keyOf, requiredColumns);
  }
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
