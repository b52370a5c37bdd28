/**
 * A store's catalog for writing: which cases there are, which files were refused, and what the store was asked to be.
 * All of it is inside one open transaction; nothing is visible to readers before `commit`.
 */

import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";
import type { Case, StoreSource } from "./store.ts";

const SCHEMA_VERSION = 1;
const SCHEMA = `
  PRAGMA user_version = ${SCHEMA_VERSION};
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE sources (name TEXT PRIMARY KEY, path TEXT NOT NULL, patient_pattern TEXT);
  CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL,
    source TEXT NOT NULL REFERENCES sources(name),
    shard INTEGER NOT NULL,
    row INTEGER NOT NULL,
    has_mask INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    file TEXT NOT NULL,
    mask_file TEXT,
    image_hash TEXT NOT NULL UNIQUE,
    mask_hash TEXT,
    pixel_sum REAL NOT NULL,
    pixel_square_sum REAL NOT NULL
  );
  CREATE TABLE quarantine (
    file TEXT PRIMARY KEY,
    source TEXT NOT NULL REFERENCES sources(name),
    code TEXT NOT NULL,
    reason TEXT NOT NULL
  );
`;

/** A row of `cases`, with what a reader need not know. */
export interface CatalogCase extends Case {
  readonly maskFile: string | undefined;
  readonly imageHash: string;
  readonly maskHash: string | undefined;
  /** Sums over the stored pixels, 0-255, and over their squares. */
  readonly pixelSum: number;
  readonly pixelSquareSum: number;
}

/** What the catalog knows of a content. */
export interface KnownCase {
  readonly id: string;
  readonly maskHash: string | undefined;
}

export interface QuarantinedFile {
  readonly file: string;
  readonly source: string;
  readonly code: string;
  readonly reason: string;
}

export interface CatalogTotals {
  readonly cases: number;
  readonly pixelSum: number;
  readonly pixelSquareSum: number;
}

export class Catalog {
  readonly #database: DatabaseSync;

  /** @throws {MedsslError} `ERR_STORE_FOREIGN` when another version of this program made the file. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 10_000 });
    this.#database.exec("BEGIN IMMEDIATE");
    // A kill between the creation of the file and the first commit leaves it empty.
    if (this.#get("SELECT 1 FROM sqlite_schema") === undefined) this.#database.exec(SCHEMA);
    const version = this.#get("PRAGMA user_version")?.["user_version"];
    if (version !== SCHEMA_VERSION) {
      throw new MedsslError("ERR_STORE_FOREIGN", `${path}: version ${version}, this program writes ${SCHEMA_VERSION}`, {
        hint: "Ingest the images again into a new folder.",
      });
    }
  }

  commit(): void {
    this.#database.exec("COMMIT; BEGIN IMMEDIATE");
  }

  /** Drops what was not committed. */
  close(): void {
    this.#database.close();
  }

  setting<Value>(key: string): Value | undefined {
    const row = this.#get("SELECT value FROM settings WHERE key = ?", key);
    return row && JSON.parse(String(row["value"]));
  }

  saveSetting(key: string, value: unknown): void {
    this.#run("INSERT OR REPLACE INTO settings VALUES (?, ?)", key, JSON.stringify(value));
  }

  /** The source's name: the first of these that no other folder has. A folder that has moved keeps its name. */
  registerSource(path: string, names: Iterable<string>): string {
    const known = this.#get("SELECT name FROM sources WHERE path = ?", path);
    if (known !== undefined) return String(known["name"]);
    for (const name of names) {
      const other = this.#get("SELECT path FROM sources WHERE name = ?", name);
      if (other !== undefined && existsSync(String(other["path"]))) continue;
      this.#run("INSERT INTO sources VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET path = excluded.path", name, path);
      return name;
    }
    throw new RangeError(`no name left for the source ${path}`);
  }

  /** The pattern that tells a source's patients: the one given, which is kept, or the one kept from before. */
  patientPattern(source: string, given: RegExp | undefined): RegExp | undefined {
    if (given !== undefined) this.#run("UPDATE sources SET patient_pattern = ? WHERE name = ?", given.source, source);
    const kept = this.#get("SELECT patient_pattern AS pattern FROM sources WHERE name = ?", source)?.["pattern"];
    return typeof kept === "string" ? new RegExp(kept) : undefined;
  }

  /** Sources that have cases. */
  sources(): StoreSource[] {
    const rows = this.#database
      .prepare(
        `SELECT name, path, count(*) AS cases, sum(has_mask) AS masks
         FROM sources JOIN cases ON source = name GROUP BY name ORDER BY name`,
      )
      .all();
    return rows.map((row) => ({ ...row }) as unknown as StoreSource);
  }

  findContent(imageHash: string): KnownCase | undefined {
    const row = this.#get("SELECT id, mask_hash AS maskHash FROM cases WHERE image_hash = ?", imageHash);
    return row && { id: String(row["id"]), maskHash: row["maskHash"] === null ? undefined : String(row["maskHash"]) };
  }

  /** Adds a case in the place of one with the same id or content. */
  putCase({ hasMask, maskFile, maskHash, ...values }: CatalogCase): void {
    this.#run("DELETE FROM cases WHERE image_hash = ? OR id = ?", values.imageHash, values.id);
    this.#database
      .prepare(
        `INSERT INTO cases VALUES (:id, :patient, :source, :shard, :row, :hasMask, :width, :height, :file, :maskFile,
           :imageHash, :maskHash, :pixelSum, :pixelSquareSum)`,
      )
      .run({ ...values, hasMask: Number(hasMask), maskFile: maskFile ?? null, maskHash: maskHash ?? null });
  }

  setPatient(id: string, patient: string): void {
    this.#run("UPDATE cases SET patient = ? WHERE id = ? AND patient <> ?", patient, id, patient);
  }

  /** The row behind the last one in use. */
  nextRow(): { shard: number; row: number } {
    const last = this.#get("SELECT shard, row FROM cases ORDER BY shard DESC, row DESC LIMIT 1");
    return { shard: Number(last?.["shard"] ?? 0), row: Number(last?.["row"] ?? -1) + 1 };
  }

  /** How many rows of each shard's image and mask file cases need; 0 masks for a shard without any. */
  neededRows(): { shard: number; images: number; masks: number }[] {
    const sql = `SELECT shard, max(row) + 1 AS images, max(iif(has_mask, row + 1, 0)) AS masks FROM cases GROUP BY shard`;
    return this.#database.prepare(sql).all() as ReturnType<Catalog["neededRows"]>;
  }

  totals(): CatalogTotals {
    const row = this.#get(
      `SELECT count(*) AS cases, total(pixel_sum) AS pixelSum, total(pixel_square_sum) AS pixelSquareSum FROM cases`,
    );
    return { ...row } as unknown as CatalogTotals;
  }

  clearQuarantine(source: string): void {
    this.#run("DELETE FROM quarantine WHERE source = ?", source);
  }

  quarantine({ file, source, code, reason }: QuarantinedFile): void {
    this.#run("INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?)", file, source, code, reason);
  }

  #get(sql: string, ...values: string[]) {
    return this.#database.prepare(sql).get(...values);
  }

  #run(sql: string, ...values: string[]): void {
    this.#database.prepare(sql).run(...values);
  }
}
