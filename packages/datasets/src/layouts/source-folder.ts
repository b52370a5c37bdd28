/**
 * A folder as a layout sees it: names, never pixels. Paths are relative to the folder, with `/`.
 *
 * Left out   hidden files, `__MACOSX` and AppleDouble twins (`._x`), wherever they lie.
 * Order      by name, so that two runs, and the shards of one run, list the same things in the same order.
 * Links      to folders are followed, each folder once.
 */

import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { CsvIndex, type CsvRecord, readCsv } from "./csv.ts";

export class SourceFolder {
  /** Absolute path. */
  readonly root: string;

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
        .filter((name) => !/^(?:\.|__MACOSX$)/.test(name))
        .sort();
    } catch {
      return [];
    }
  }

  /** Names of the folders in a folder, sorted. */
  folders(folder = ""): string[] {
    return this.names(folder).filter((name) =>
      statSync(this.at(join(folder, name)), { throwIfNoEntry: false })?.isDirectory(),
    );
  }

  /** All files below a folder. */
  *walk(folder = "", visited = new Set<string>()): Generator<string> {
    let entries: { name: string; isFolder: boolean }[];
    try {
      const here = realpathSync(this.at(folder));
      if (visited.has(here)) return;
      visited.add(here);
      entries = readdirSync(this.at(folder), { withFileTypes: true }).map((entry) => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink()
          ? statSync(this.at(join(folder, entry.name)), { throwIfNoEntry: false })?.isDirectory() === true
          : entry.isDirectory(),
      }));
    } catch {
      return;
    }
    entries = entries.filter(({ name }) => !/^(?:\.|__MACOSX$)/.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, isFolder } of entries) {
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
