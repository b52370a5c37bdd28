/**
 * All that an ingest has to read, listed before the first file is decoded, so that progress can say how much is left.
 *
 * Memory   the list is a temporary SQLite file, not an array: a million items cost no memory.
 * Order    as they were added. Shard i of n has every n-th item.
 */

import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";
import type { Modality, SourceItem } from "../layouts/layout.ts";

export interface PlannedItem {
  /** Number of its source, in the order of the command line. */
  readonly source: number;
  readonly item: SourceItem;
}

/** One of several processes that share an ingest: 3/16 is `{ index: 3, count: 16 }`. */
export interface ShardOf {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

const PAGE = 256;

export class WorkPlan {
  readonly #database = new DatabaseSync("");
  readonly #insert;
  readonly #shard: ShardOf;
  #listed = 0;
  readonly #numFiles: number[] = [];
  readonly #hasMasks: boolean[] = [];
  #hasMaskedFilms = false;

  constructor(shard: ShardOf = { index: 1, count: 1 }) {
    this.#shard = shard;
    // An empty name is a temporary file of SQLite's own; OFF, because nobody reads it after a crash.
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      CREATE TABLE items (number INTEGER PRIMARY KEY, source INTEGER, key TEXT, item TEXT, UNIQUE (source, key));
      CREATE TABLE masks (number INTEGER PRIMARY KEY, file TEXT);
      BEGIN;
    `);
    this.#insert = this.#database.prepare("INSERT OR IGNORE INTO items (source, key, item) VALUES (?, ?, ?)");
  }

  /**
   * @param modality What the source says of all its items
   * @throws {MedsslError} `ERR_LAYOUT_KEYS` when the source has an item of this key already: one would hide the other.
   */
  add(source: number, item: SourceItem, modality: Modality = "other"): void {
    this.#listed += 1;
    if (item.masks?.length) {
      this.#hasMasks[source] = true;
      this.#hasMaskedFilms ||= ["xray", "other"].includes(item.modality ?? modality);
    }
    for (const { file, fileValue } of item.masks ?? []) {
      if (fileValue === undefined) this.#database.prepare("INSERT INTO masks (file) VALUES (?)").run(file);
    }
    if ((this.#listed - 1) % this.#shard.count !== this.#shard.index - 1) return;
    if (this.#insert.run(source, item.key, JSON.stringify(item)).changes === 0) {
      throw new MedsslError("ERR_LAYOUT_KEYS", `${item.files[0]}: another file has the name "${item.key}" too`, {
        hint: "Names below a source must be unique. Is the folder's layout the right one? Give it with --layout.",
      });
    }
    this.#numFiles[source] = this.numFilesOf(source) + item.files.length;
  }

  /** Items of all shards. */
  get numListed(): number {
    return this.#listed;
  }

  /** Files of this shard. */
  get numFiles(): number {
    return this.#numFiles.reduce((sum, count) => sum + count, 0);
  }

  /** Files of this shard in one source. */
  numFilesOf(source: number): number {
    return this.#numFiles[source] ?? 0;
  }

  hasMasks(source: number): boolean {
    return this.#hasMasks[source] === true;
  }

  /** Whether there are masks of X-rays, or of pictures that may be some. */
  get hasMaskedFilms(): boolean {
    return this.#hasMaskedFilms;
  }

  get numMasks(): number {
    return Number(this.#database.prepare("SELECT count(*) AS count FROM masks").get()!["count"]);
  }

  /** At most `count` mask files whose values speak for themselves, evenly spaced. */
  sampleMasks(count: number): string[] {
    const stride = Math.max(Math.ceil(this.numMasks / count), 1);
    const rows = this.#database.prepare("SELECT file FROM masks WHERE (number - 1) % ? = 0").all(stride);
    return rows.map((row) => String(row["file"]));
  }

  *items(): Generator<PlannedItem> {
    const page = this.#database.prepare(
      `SELECT number, source, item FROM items WHERE number > ? ORDER BY number LIMIT ${PAGE}`,
    );
    for (let last = 0; ; ) {
      const rows = page.all(last);
      for (const row of rows) yield { source: Number(row["source"]), item: JSON.parse(String(row["item"])) };
      if (rows.length < PAGE) return;
      last = Number(rows.at(-1)!["number"]);
    }
  }

  close(): void {
    this.#database.close();
  }
}
