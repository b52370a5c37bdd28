/**
 * The catalogs of one or several stores as one, for questions that go across them: a temporary database with all cases.
 *
 * images       the columns of `cases` (store/catalog-schema.ts), with `store` and `source` as numbers, in the order of
 *              the stores, and `side`: train, validation or test in the split that is looked at; null elsewhere
 * sources      of all stores; `number` is what `images.source` says
 * duplicates   of all stores
 * Memory       SQLite keeps it in a file of its own that nobody sees and that ends with the process.
 * Errors       `ERR_STORE_FOREIGN`
 */

import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { Store } from "../store/store.ts";
import { storeNames } from "./store-names.ts";

const COLUMNS =
  "id, item, patient, is_patient_known, study, series, recipe, modality, view, split, stratum, slice, slices, shard, row," +
  " has_mask, width, height, spacing_x, spacing_y, spacing_z, pixel_hash, perceptual_hash, pixel_sum, pixel_square_sum," +
  " low, high, label_counts, burned_in";

export class JoinedCatalog {
  readonly stores: readonly Store[];
  /** What each store is called: no two alike, though their folders may be. */
  readonly names: readonly string[];
  // An empty name is a temporary file of SQLite's own; no journal, because nobody reads it after a crash.
  readonly #database = new DatabaseSync("");

  constructor(stores: readonly Store[]) {
    this.stores = stores;
    this.names = storeNames(stores);
    this.#database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    for (const [number, store] of stores.entries()) this.#add(number, store);
  }

  #add(number: number, store: Store): void {
    // Says what is wrong with a catalog that cannot be read.
    store.query("SELECT id FROM cases LIMIT 1");
    const catalog = pathToFileURL(join(store.dir, "catalog.sqlite"));
    this.#database.prepare("ATTACH DATABASE ? AS one").run(`${catalog.href}?mode=ro`);
    const into = (table: string, select: string) =>
      this.#database.exec(number === 0 ? `CREATE TABLE ${table} AS ${select}` : `INSERT INTO ${table} ${select}`);
    // A number for each source, whatever store it is of.
    const source = (column: string) => `${column} * ${this.stores.length} + ${number}`;
    into("sources", `SELECT ${source("number")} AS number, ${number} AS store, name, layout FROM one.sources`);
    into(
      "images",
      `SELECT ${number} AS store, ${source("source")} AS source, NULL AS side, ${COLUMNS} FROM one.cases ORDER BY number`,
    );
    into(
      "duplicates",
      `SELECT ${number} AS store, ${source("source")} AS source, id, patient, original FROM one.duplicates`,
    );
    this.#database.exec("DETACH DATABASE one");
  }

  run(sql: string): void {
    this.#database.exec(sql);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }

  /** The one row that a question without GROUP BY has. */
  one<Row>(sql: string, ...values: SQLInputValue[]): Row {
    return this.#database.prepare(sql).get(...values) as Row;
  }

  rows<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#database.prepare(sql).iterate(...values) as unknown as Iterable<Row>;
  }

  /** Says for every image on which side of a split its patient is. */
  takeSides(sides: ReadonlyMap<string, string>): void {
    this.run("CREATE TABLE sides (patient TEXT PRIMARY KEY, side TEXT) WITHOUT ROWID; BEGIN");
    const insert = this.#database.prepare("INSERT OR REPLACE INTO sides VALUES (?, ?)");
    for (const [patient, side] of sides) insert.run(patient, side);
    this.run("UPDATE images SET side = (SELECT side FROM sides WHERE sides.patient = images.patient); COMMIT");
  }

  close(): void {
    this.#database.close();
  }
}
