/**
 * A store's catalog for writing. All of it is inside one open transaction; nothing is visible to readers before `commit`.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";
import { CATALOG_SCHEMA, CATALOG_VERSION, type CatalogCase } from "./catalog-schema.ts";
import type { RecipeName } from "./recipe.ts";
import type { StoreSource } from "./store.ts";

/** What the catalog knows of a content. */
export interface KnownCase {
  readonly id: string;
  readonly item: string;
  readonly maskContent: string | null;
}

export interface CatalogShard {
  readonly number: number;
  readonly recipe: RecipeName;
  readonly rows: number;
  readonly maskRows: number;
}

/** An item whose content the store has under another one. */
export interface Duplicate {
  readonly id: string;
  readonly source: number;
  readonly patient: string;
  readonly original: string;
  /** Of its first slice. */
  readonly content: string;
}

/** Where a case's pixels are. */
export interface CasePlace {
  readonly shard: number;
  readonly row: number;
  readonly hasMask: boolean;
}

/** What splits and reports say of an item; it may be told otherwise on a later run. */
export type ItemFacts = Pick<
  CatalogCase,
  "item" | "patient" | "isPatientKnown" | "study" | "series" | "split" | "stratum"
>;

export interface RecipeTotals {
  readonly recipe: RecipeName;
  readonly cases: number;
  readonly pixelSum: number;
  readonly pixelSquareSum: number;
}

export class Catalog {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws {MedsslError} `ERR_STORE_FOREIGN` when another version of this program made the file. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 10_000 });
    this.#database.exec("BEGIN IMMEDIATE");
    // A kill between the creation of the file and the first commit leaves it empty.
    if (this.#get("SELECT 1 FROM sqlite_schema") === undefined) this.#database.exec(CATALOG_SCHEMA);
    const version = this.#get("PRAGMA user_version")?.["user_version"];
    if (version !== CATALOG_VERSION) {
      this.close();
      throw new MedsslError(
        "ERR_STORE_FOREIGN",
        `${path}: version ${version}, this program writes ${CATALOG_VERSION}`,
        {
          hint: "Ingest the images again into a new folder.",
        },
      );
    }
  }

  commit(): void {
    this.#database.exec("COMMIT; BEGIN IMMEDIATE");
  }

  /** Drops what was not committed. */
  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  setting<Value>(key: string): Value | undefined {
    const row = this.#get("SELECT value FROM settings WHERE key = ?", key);
    return row && JSON.parse(String(row["value"]));
  }

  saveSetting(key: string, value: unknown): void {
    this.#run("INSERT OR REPLACE INTO settings VALUES (?, ?)", key, JSON.stringify(value));
  }

  /** Number of the source of this name, made when missing; how it was read is brought up to date. */
  saveSource(name: string, layout: string, patientRule: string): number {
    this.#run(
      `INSERT INTO sources (name, layout, patient_rule) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET layout = excluded.layout, patient_rule = excluded.patient_rule`,
      ...[name, layout, patientRule],
    );
    return Number(this.#get("SELECT number FROM sources WHERE name = ?", name)!["number"]);
  }

  /** Sources that have cases. */
  sources(): StoreSource[] {
    const sql = `SELECT name, layout, patient_rule AS patientRule, count(*) AS cases, sum(has_mask) AS masks,
        count(DISTINCT patient) AS patients, count(DISTINCT study) AS studies, min(is_patient_known) AS arePatientsKnown,
        count(split) > 0 AS hasOfficialSplit
      FROM sources JOIN cases ON source = sources.number GROUP BY sources.number ORDER BY name`;
    return this.#database
      .prepare(sql)
      .all()
      .map(
        (row) =>
          ({
            ...row,
            arePatientsKnown: row["arePatientsKnown"] === 1,
            hasOfficialSplit: row["hasOfficialSplit"] === 1,
          }) as unknown as StoreSource,
      );
  }

  findContent(content: string): KnownCase | undefined {
    const sql = "SELECT id, item, mask_content AS maskContent FROM cases WHERE content = ?";
    return this.#get(sql, content) as KnownCase | undefined;
  }

  dropItem(item: string): void {
    this.#run("DELETE FROM cases WHERE item = ?", item);
    this.#run("DELETE FROM duplicates WHERE id = ?", item);
  }

  /** Another item has the content from now on: this one is a duplicate of it. */
  displace(item: string, original: string): void {
    const sql = `INSERT OR REPLACE INTO duplicates
      SELECT item, source, patient, ?, content FROM cases WHERE item = ? ORDER BY number LIMIT 1`;
    this.#run(sql, original, item);
    this.#run("DELETE FROM cases WHERE item = ?", item);
  }

  /** Forgets the duplicates of contents that are not there any more, since their original has changed. Returns them. */
  dropOrphans(): string[] {
    const sql = "DELETE FROM duplicates WHERE content NOT IN (SELECT content FROM cases) RETURNING id";
    return this.#prepare(sql)
      .all()
      .map((row) => String(row["id"]));
  }

  putCase(values: CatalogCase, place: CasePlace): void {
    // A content that stood under another id before moves to this one.
    this.#run("DELETE FROM cases WHERE content = ? OR id = ?", values.content, values.id);
    const row = {
      ...values,
      ...place,
      isPatientKnown: Number(values.isPatientKnown),
      hasMask: Number(place.hasMask),
    };
    this.#prepare(INSERT_CASE).run(row);
  }

  /** Brings what is said of a stored item up to date. */
  updateItem({ isPatientKnown, ...facts }: ItemFacts): void {
    this.#prepare(
      `UPDATE cases SET patient = :patient, is_patient_known = :isPatientKnown, study = :study, series = :series,
         split = :split, stratum = :stratum WHERE item = :item`,
    ).run({ ...facts, isPatientKnown: Number(isPatientKnown) });
  }

  saveDuplicate({ id, source, patient, original, content }: Duplicate): void {
    this.#run("INSERT OR REPLACE INTO duplicates VALUES (?, ?, ?, ?, ?)", id, source, patient, original, content);
  }

  shards(): CatalogShard[] {
    const sql = "SELECT number, recipe, rows, mask_rows AS maskRows FROM shards ORDER BY number";
    return this.#database.prepare(sql).all() as unknown as CatalogShard[];
  }

  saveShard({ number, recipe, rows, maskRows }: CatalogShard): void {
    this.#run("INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?)", number, recipe, rows, maskRows);
  }

  countPatients(): number {
    return Number(this.#get("SELECT count(DISTINCT patient) AS patients FROM cases")!["patients"]);
  }

  totals(): RecipeTotals[] {
    const sql = `SELECT recipe, count(*) AS cases, total(pixel_sum) AS pixelSum, total(pixel_square_sum) AS pixelSquareSum
      FROM cases GROUP BY recipe ORDER BY recipe`;
    return this.#database.prepare(sql).all() as unknown as RecipeTotals[];
  }

  /** All cases in the order in which they were stored. */
  *allCases(): Generator<{ readonly values: CatalogCase; readonly place: CasePlace }> {
    for (const row of this.#database.prepare(`SELECT ${SELECT_CASE} FROM cases ORDER BY number`).iterate()) {
      const { shard, row: index, hasMask, isPatientKnown, ...values } = row;
      yield {
        values: { ...values, isPatientKnown: isPatientKnown === 1 } as unknown as CatalogCase,
        place: { shard: Number(shard), row: Number(index), hasMask: hasMask === 1 },
      };
    }
  }

  allDuplicates(): Duplicate[] {
    return this.#database.prepare("SELECT * FROM duplicates").all() as unknown as Duplicate[];
  }

  /** The sources' names and facts by their numbers. */
  sourceRows(): { number: number; name: string; layout: string; patientRule: string }[] {
    const rows = this.#database.prepare("SELECT number, name, layout, patient_rule AS patientRule FROM sources").all();
    return rows as unknown as ReturnType<Catalog["sourceRows"]>;
  }

  #get(sql: string, ...values: SQLInputValue[]) {
    return this.#prepare(sql).get(...values);
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** What a store has settled (recipes, labels, salt, ...); nothing where there is no store yet. @param dir Its folder */
export function readSettings(dir: string): Map<string, unknown> {
  const path = join(dir, "catalog.sqlite");
  if (!existsSync(path)) return new Map();
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    const rows = database.prepare("SELECT key, value FROM settings").all();
    return new Map(rows.map((row) => [String(row["key"]), JSON.parse(String(row["value"]))]));
  } finally {
    database.close();
  }
}

/** Columns of `cases` in the words of `CatalogCase` and `CasePlace`. */
const NAMES: readonly (keyof CatalogCase | keyof CasePlace)[] = [
  ...(["id", "item", "source", "patient", "isPatientKnown", "study", "series", "recipe", "modality", "view"] as const),
  ...(["projection", "split", "stratum", "location", "slice", "slices", "zMm", "shard", "row", "hasMask"] as const),
  ...(["width", "height", "spacingX", "spacingY", "spacingZ", "content", "maskContent", "pixelHash"] as const),
  ...(["perceptualHash", "pixelSum", "pixelSquareSum", "low", "high", "labelCounts", "burnedIn"] as const),
];

/** `zMm` is the column `z_mm`. */
const columnOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const INSERT_CASE = `INSERT INTO cases (${NAMES.map(columnOf).join(", ")}) VALUES (${NAMES.map((name) => `:${name}`).join(", ")})`;

const SELECT_CASE = NAMES.map((name) => `cases.${columnOf(name)} AS ${name}`).join(", ");
