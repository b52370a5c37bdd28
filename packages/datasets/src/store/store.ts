/**
 * The pixel store: images as memory-mappable `.npy` shards, with a SQLite catalog of the cases beside them.
 *
 *     store.json                         what the store holds and how it was made (`StoreInfo`)
 *     catalog.sqlite                     one row a case (catalog-schema.ts); names no person, no place, no file
 *     images/0000-xray-320x320.npy       [N, H, W] uint8 grey values, or int16 Hounsfield units
 *     masks/0000-xray-320x320.npy        [N, H, W] uint8 label indices in parallel rows; 0 is background
 *     private/                           which file each case came from, the salt; stays at home
 *
 * Rows     a case names its shard and row. A row that no case names is a replaced image: read rows through the cases.
 * Masks    a shard has a mask file when one of its cases has a mask; rows without one are zeros there.
 * Cost     opening reads store.json only; the cases are read when they are asked for.
 * Errors   `ERR_STORE_MISSING`, `ERR_STORE_INCOMPLETE`, `ERR_STORE_FOREIGN`.
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { MedsslError } from "@medssl/contract";
import type { OfficialSplit } from "../layouts/layout.ts";
import { fileOfItem, itemOfFile } from "../private/ledger.ts";
import type { RecipeName, StoreRecipe, StoreRecipes } from "./recipe.ts";

export const STORE_VERSION = 2;

/** A structure that masks show. */
export interface Label {
  /** Its index in the stored masks, 1..K. */
  readonly value: number;
  readonly name: string;
}

export interface StoreSource {
  /** Short name of the folder, unique in the store; the beginning of its cases' ids. */
  readonly name: string;
  /** How the folder was read: `chexpert`, `folder`, ... */
  readonly layout: string;
  /** How patients were told apart, in words, and whether they were: else every image is a patient of its own. */
  readonly patientRule: string;
  readonly arePatientsKnown: boolean;
  readonly hasOfficialSplit: boolean;
  readonly cases: number;
  readonly masks: number;
  readonly patients: number;
  readonly studies: number;
}

export interface RecipeStatistics {
  readonly cases: number;
  /** Of all stored pixels: grey values scaled to 0-1, or Hounsfield units. */
  readonly mean: number;
  readonly std: number;
}

export interface StoreInfo {
  readonly version: typeof STORE_VERSION;
  /** ISO 8601. */
  readonly created: string;
  readonly cases: number;
  readonly patients: number;
  /** How each kind of image is stored. */
  readonly recipes: StoreRecipes;
  readonly labels: readonly Label[];
  /** Of the recipes that have cases. */
  readonly statistics: Readonly<Partial<Record<RecipeName, RecipeStatistics>>>;
  readonly sources: readonly StoreSource[];
  /** Tells salts apart without telling the salt: patients of two stores compare when these are equal. */
  readonly salt: string;
}

/** One image or slice, with or without a mask. */
export interface Case {
  /** `source/name`, for slice 12 of a volume `source/name#0012`; unique in the store. */
  readonly id: string;
  /** Salted hash. */
  readonly patient: string;
  readonly source: string;
  readonly recipe: RecipeName;
  readonly split: OfficialSplit | null;
  readonly stratum: string | null;
  readonly shard: number;
  readonly row: number;
  readonly hasMask: boolean;
  /** Size of the original image, in pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Shard {
  readonly recipe: StoreRecipe;
  readonly imagePath: string;
  readonly maskPath: string | undefined;
  /** Rows, [0, count). */
  readonly count: number;
}

/** Path of a shard's file, in the store's folder. */
export function shardPath(kind: "images" | "masks", name: RecipeName, recipe: StoreRecipe, shard: number): string {
  return join(kind, `${String(shard).padStart(4, "0")}-${name}-${recipe.width}x${recipe.height}.npy`);
}

export class Store {
  readonly dir: string;
  readonly name: string;
  readonly info: StoreInfo;
  #cases: readonly Case[] | undefined;
  #shards: readonly Shard[] | undefined;

  constructor(dir: string, info: StoreInfo) {
    this.dir = dir;
    this.name = basename(dir);
    this.info = info;
  }

  /** All cases in the order in which they were stored; read at the first use. */
  get cases(): readonly Case[] {
    this.#cases ??= this.query<Omit<Case, "hasMask"> & { hasMask: number }>(
      `SELECT id, patient, sources.name AS source, recipe, split, stratum, shard, row, has_mask AS hasMask, width, height
       FROM cases JOIN sources ON source = sources.number ORDER BY cases.number`,
    ).map((row) => ({ ...row, hasMask: row.hasMask === 1 }));
    return this.#cases;
  }

  /** The pixel files by their numbers. */
  get shards(): readonly Shard[] {
    this.#shards ??= this.query<{ number: number; recipe: RecipeName; rows: number; maskRows: number }>(
      "SELECT number, recipe, rows, mask_rows AS maskRows FROM shards ORDER BY number",
    ).map(({ number, recipe: name, rows, maskRows }) => {
      const recipe = this.info.recipes[name];
      const path = (kind: "images" | "masks") => join(this.dir, shardPath(kind, name, recipe, number));
      return {
        recipe,
        imagePath: path("images"),
        maskPath: maskRows > 0 ? path("masks") : undefined,
        count: rows,
      };
    });
    return this.#shards;
  }

  /** The file that a case came from; undefined where `private/` is not there any more. */
  fileOf({ id }: Pick<Case, "id">): string | undefined {
    const [row] = this.query<{ item: string }>("SELECT item FROM cases WHERE id = ?", id);
    return row && fileOfItem(this.dir, row.item);
  }

  /** What a file became here; nothing where it was not ingested, or `private/` is not there any more. */
  casesOf(file: string): Case[] {
    const item = itemOfFile(this.dir, resolve(file));
    if (item === undefined) return [];
    const ids = new Set(this.query<{ id: string }>("SELECT id FROM cases WHERE item = ?", item).map(({ id }) => id));
    return this.cases.filter(({ id }) => ids.has(id));
  }

  /** Rows of the catalog. @throws {MedsslError} `ERR_STORE_FOREIGN` when it cannot be read. */
  query<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#read((catalog) => catalog.prepare(sql).all(...values) as Row[]);
  }

  /** Calls `visit` with the columns of each row, for more rows than one wants in memory. */
  eachRow(sql: string, visit: (columns: readonly SQLOutputValue[]) => void): void {
    this.#read((catalog) => {
      const statement = catalog.prepare(sql);
      statement.setReturnArrays(true);
      for (const columns of statement.iterate()) visit(columns as unknown as SQLOutputValue[]);
    });
  }

  #read<Result>(read: (catalog: DatabaseSync) => Result): Result {
    try {
      const catalog = new DatabaseSync(join(this.dir, "catalog.sqlite"), { readOnly: true, timeout: 5000 });
      try {
        return read(catalog);
      } finally {
        catalog.close();
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : cause;
      throw foreignStore(this.dir, `catalog.sqlite cannot be read (${reason})`, cause);
    }
  }
}

/**
 * Opens a store for reading.
 *
 * @throws {MedsslError} `ERR_STORE_MISSING`, `ERR_STORE_INCOMPLETE` (its first ingest was cut off, or parts of a shared
 * one are missing), `ERR_STORE_FOREIGN`.
 */
export function openStore(dir: string): Store {
  const root = resolve(dir);
  const infoPath = join(root, "store.json");
  const catalogPath = join(root, "catalog.sqlite");
  if (!existsSync(infoPath)) {
    if (existsSync(catalogPath) || existsSync(join(root, "parts"))) {
      throw new MedsslError(
        "ERR_STORE_INCOMPLETE",
        `${dir}: this store has no images yet: its first ingest did not come to its end, or could use none of the files`,
        {
          hint: "Run the same `medssl ingest` again, every shard of a shared one; it goes on where it stopped and says what was wrong.",
        },
      );
    }
    throw new MedsslError("ERR_STORE_MISSING", `${dir}: expected a store, found no store.json`, {
      hint: `Make one: medssl ingest FOLDER --store ${dir}`,
    });
  }
  const info = parseInfo(infoPath, dir);
  if (!existsSync(catalogPath)) throw foreignStore(dir, "catalog.sqlite is missing");
  return new Store(root, info);
}

/** Opens several stores; one that is named twice comes once. */
export function openStores(dirs: readonly string[]): Store[] {
  return [...new Set(dirs.map((dir) => resolve(dir)))].map(openStore);
}

function parseInfo(path: string, dir: string): StoreInfo {
  let info: Partial<StoreInfo> | null;
  try {
    info = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw foreignStore(dir, "store.json is no JSON", cause);
  }
  if (info?.version !== STORE_VERSION) {
    throw foreignStore(dir, `store.json has version ${info?.version}, this program reads ${STORE_VERSION}`);
  }
  if (info.recipes === undefined || info.labels === undefined) throw foreignStore(dir, "store.json is damaged");
  return info as StoreInfo;
}

function foreignStore(dir: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_STORE_FOREIGN", `${dir}: not a store that this program can read: ${what}`, {
    hint: "Ingest the images again into a new folder.",
    cause,
  });
}
