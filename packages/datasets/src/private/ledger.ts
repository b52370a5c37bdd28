/**
 * What stays at home: which files a store's cases came from, and which files could not be used. It lies in the store's
 * folder `private/`, which is not needed to train and is removed before a store is handed on.
 *
 * sources      the folders, by the short names that the store knows
 * items        each item's file and a signature of its files (sizes, times, how they are read): equal means unchanged
 * quarantine   files that could not be used, with the reason; read it with any SQLite browser
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sources (name TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, patient_pattern TEXT);
  CREATE TABLE IF NOT EXISTS items (
    item TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    signature TEXT NOT NULL,
    facts TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS quarantine (
    file TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL
  ) WITHOUT ROWID;
`;

const FIND_ITEM = "SELECT signature, facts FROM items WHERE item = ?";

export interface QuarantinedFile {
  readonly file: string;
  /** Name of its source. */
  readonly source: string;
  readonly code: string;
  readonly reason: string;
}

/** An item as it was when it was last seen. */
export interface SeenItem {
  readonly signature: string;
  /** What is said of it, as JSON: patient, split, ... */
  readonly facts: string;
}

export const ledgerPath = (dir: string): string => join(dir, "private", "files.sqlite");

export class Ledger {
  readonly #database: DatabaseSync;
  readonly #find;
  readonly #note;
  readonly #refuse;
  readonly #base: DatabaseSync | undefined;

  /** @param dir The store's folder. @param base Folder of the store that it is a part of: what is known there is known. */
  constructor(dir: string, base?: string) {
    this.#database = new DatabaseSync(ledgerPath(dir), { timeout: 10_000 });
    this.#database.exec(SCHEMA);
    if (base !== undefined && existsSync(ledgerPath(base))) {
      this.#base = new DatabaseSync(ledgerPath(base), { readOnly: true, timeout: 10_000 });
      for (const { name, path, patient_pattern } of this.#base.prepare("SELECT * FROM sources").all()) {
        this.#database.prepare("INSERT OR IGNORE INTO sources VALUES (?, ?, ?)").run(name!, path!, patient_pattern!);
      }
    }
    this.#database.exec("BEGIN IMMEDIATE");
    this.#find = this.#database.prepare(FIND_ITEM);
    this.#note = this.#database.prepare("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)");
    this.#refuse = this.#database.prepare("INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?)");
  }

  commit(): void {
    this.#database.exec("COMMIT; BEGIN IMMEDIATE");
  }

  close(): void {
    this.#base?.close();
    this.#database.close();
  }

  /** The source's name: the first of these that no other folder has. A folder that has moved keeps its name. */
  registerSource(path: string, names: Iterable<string>): string {
    const known = this.#database.prepare("SELECT name FROM sources WHERE path = ?").get(path);
    if (known !== undefined) return String(known["name"]);
    for (const name of names) {
      const other = this.#database.prepare("SELECT path FROM sources WHERE name = ?").get(name);
      if (other !== undefined && existsSync(String(other["path"]))) continue;
      this.#database
        .prepare("INSERT INTO sources VALUES (?, ?, NULL) ON CONFLICT (name) DO UPDATE SET path = excluded.path")
        .run(name, path);
      return name;
    }
    throw new RangeError(`no name left for the source ${path}`);
  }

  /** The pattern that tells a source's patients: the one given, which is kept, or the one kept from before. */
  patientPattern(source: string, given: RegExp | undefined): RegExp | undefined {
    if (given !== undefined) {
      this.#database.prepare("UPDATE sources SET patient_pattern = ? WHERE name = ?").run(given.source, source);
    }
    const row = this.#database.prepare("SELECT patient_pattern AS pattern FROM sources WHERE name = ?").get(source);
    return typeof row?.["pattern"] === "string" ? new RegExp(row["pattern"]) : undefined;
  }

  seen(item: string): SeenItem | undefined {
    const before = this.#base?.prepare(FIND_ITEM);
    return (this.#find.get(item) ?? before?.get(item)) as SeenItem | undefined;
  }

  note(item: string, file: string, { signature, facts }: SeenItem): void {
    this.#note.run(item, file, signature, facts);
  }

  forgetItems(): void {
    this.#database.exec("DELETE FROM items");
  }

  /** Items of a source, by its name. */
  countItems(source: string): number {
    const sql = "SELECT count(*) AS count FROM items WHERE item >= ? AND item < ?";
    return Number(this.#database.prepare(sql).get(`${source}/`, `${source}0`)!["count"]);
  }

  forget(item: string): void {
    this.#database.prepare("DELETE FROM items WHERE item = ?").run(item);
  }

  /** What is said of each item, as JSON. */
  *allFacts(): Generator<string> {
    for (const row of this.#database.prepare("SELECT facts FROM items").iterate()) yield String(row["facts"]);
  }

  /** Forgets what was quarantined of a source: all of it is tried again. */
  clearQuarantine(source: string): void {
    this.#database.prepare("DELETE FROM quarantine WHERE source = ?").run(source);
  }

  quarantine({ file, source, code, reason }: QuarantinedFile): void {
    this.#refuse.run(file, source, code, reason);
  }

  /** Takes over what the ledger of a part says. @param dir The part's folder */
  absorb(dir: string): void {
    this.commit();
    this.#database.exec("COMMIT");
    this.#database.prepare("ATTACH DATABASE ? AS part").run(ledgerPath(dir));
    this.#database.exec(`
      BEGIN IMMEDIATE;
      INSERT OR IGNORE INTO sources SELECT * FROM part.sources;
      INSERT OR REPLACE INTO items SELECT * FROM part.items;
      INSERT OR REPLACE INTO quarantine SELECT * FROM part.quarantine;
      COMMIT;
      DETACH DATABASE part;
      BEGIN IMMEDIATE;
    `);
  }
}

/** The (first) file of an item; undefined where nobody knows. @param dir The store's folder */
export const fileOfItem = (dir: string, item: string): string | undefined =>
  lookUp(dir, "SELECT file FROM items WHERE item = ?", item);

/** The item that a file is the first of; undefined where nobody knows. */
export const itemOfFile = (dir: string, file: string): string | undefined =>
  lookUp(dir, "SELECT item FROM items WHERE file = ?", file);

/** The one column of the first row. */
function lookUp(dir: string, sql: string, value: string): string | undefined {
  if (!existsSync(ledgerPath(dir))) return undefined;
  const database = new DatabaseSync(ledgerPath(dir), { readOnly: true, timeout: 10_000 });
  try {
    const row = database.prepare(sql).get(value);
    return row && String(Object.values(row)[0]);
  } finally {
    database.close();
  }
}
