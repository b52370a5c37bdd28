/**
 * Tables that lie beside a data set's images, wherever in the set the given folder is.
 *
 * Below   in the folders on the way to the images.
 * Above   only as far as the given folder is an inner one of the set (`train`, `p10`): a `train.csv` further up is
 *         somebody else's.
 */

import { basename, dirname } from "node:path";
import { CsvIndex, type CsvRecord } from "./csv.ts";
import { sampleImages } from "./image-sample.ts";
import type { SourceNote } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

/** Several tables looked up as one. */
export class TablesNear {
  readonly #names: readonly string[];
  readonly #tables: readonly CsvIndex[];
  #numFound = 0;
  #numMissing = 0;

  private constructor(names: readonly string[], tables: readonly CsvIndex[]) {
    this.#names = names;
    this.#tables = tables;
  }

  /**
   * @param name Whole names of the tables; of equal names the first that is found counts, `.csv` before `.csv.gz`.
   * @param inner Names of folders inside the set.
   */
  static async read(
    folder: SourceFolder,
    name: RegExp,
    inner: RegExp,
    keyOf: (record: CsvRecord) => string,
    requiredColumns: readonly string[],
  ): Promise<TablesNear> {
    const paths = new Map<string, string>();
    for (const place of [...below(folder), ...above(folder, inner)]) {
      for (const file of folder.names(place)) {
        const table = file.replace(/\.gz$/, "");
        if (name.test(table) && !paths.has(table)) paths.set(table, `${place}/${file}`);
      }
    }
    const tables: CsvIndex[] = [];
    for (const path of paths.values()) tables.push(await CsvIndex.read(folder.at(path), keyOf, requiredColumns));
    return new TablesNear([...paths.keys()], tables);
  }

  /** The first table's record. Each key is to be asked for once: rows without a file are counted by it. */
  get(key: string): CsvRecord | undefined {
    for (const table of this.#tables) {
      const record = table.get(key);
      if (record === undefined) continue;
      this.#numFound += 1;
      return record;
    }
    this.#numMissing += 1;
    return undefined;
  }

  /** What the user should know once all images are asked for. `expected` names the tables; `lost` is what they tell. */
  *notes(expected: string, lost: string): Generator<SourceNote> {
    const name = this.#names.join(", ");
    const numUnused = this.#tables.reduce((sum, { count }) => sum + count, 0) - this.#numFound;
    if (name === "") yield { note: `no ${expected} beside the images: ${lost} unknown` };
    else if (this.#numMissing > 0) yield { note: `${this.#numMissing} images have no row in ${name}: ${lost} unknown` };
    if (numUnused > 0) yield { note: `${numUnused} rows of ${name} have no image here` };
  }

  [Symbol.dispose](): void {
    for (const table of this.#tables) table.close();
  }
}

function below(folder: SourceFolder): Set<string> {
  const places = new Set([""]);
  for (const path of sampleImages(folder)) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) places.add(parts.slice(0, depth).join("/"));
  }
  return places;
}

function* above(folder: SourceFolder, inner: RegExp): Generator<string> {
  let place = "..";
  for (let path = folder.root; inner.test(basename(path)); path = dirname(path)) {
    yield place;
    place += "/..";
  }
}
