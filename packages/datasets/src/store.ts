/**
 * The pixel store: images of one size as memory-mappable `.npy` shards, with a SQLite catalog of the cases beside them.
 *
 *     store.json                       what the store holds and how it was made (`StoreInfo`)
 *     catalog.sqlite                   one row a case, one row a quarantined file
 *     images/uint8-192x192-0000.npy    [N, H, W] uint8, grey values
 *     masks/uint8-192x192-0000.npy     [N, H, W] uint8, label indices in parallel rows; 0 is background
 *
 * Rows     a case names its shard and row. A row that no case names is a replaced image: read rows through the cases.
 * Masks    a shard has a mask file when one of its cases has a mask; rows without one are zeros there.
 * Errors   `ERR_STORE_MISSING`, `ERR_STORE_INCOMPLETE`, `ERR_STORE_FOREIGN`.
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";

/** A structure that masks show. */
export interface Label {
  /** Its index in the stored masks, 1..K. */
  readonly value: number;
  readonly name: string;
}

/** How every image of a store was made from its file. */
export interface StoreRecipe {
  /** Stored size in pixels. */
  readonly width: number;
  readonly height: number;
  /** What a color image became: its luminance (Rec. 601) or its green channel. */
  readonly channel: "luma" | "green";
  /** `squash` fills the size whatever the aspect; `pad` keeps the aspect and centers the image on black. */
  readonly fit: "squash" | "pad";
  readonly dtype: "uint8";
}

export interface StoreSource {
  /** Short name of the folder, unique in the store; the beginning of its cases' ids. */
  readonly name: string;
  readonly path: string;
  readonly cases: number;
  readonly masks: number;
}

export interface StoreInfo {
  readonly version: 1;
  /** ISO 8601. */
  readonly created: string;
  readonly recipe: StoreRecipe;
  readonly labels: readonly Label[];
  /** Of all stored pixels, scaled to 0..1. */
  readonly statistics: { readonly mean: number; readonly std: number };
  readonly sources: readonly StoreSource[];
}

/** One image, with or without a mask. */
export interface Case {
  /** `source/path without extension`, unique in the store. */
  readonly id: string;
  readonly patient: string;
  readonly source: string;
  readonly shard: number;
  readonly row: number;
  readonly hasMask: boolean;
  /** Size of the original file, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Path of the original image file when it was ingested. */
  readonly file: string;
}

export interface Shard {
  readonly imagePath: string;
  readonly maskPath: string | undefined;
  /** Rows, [0, count). */
  readonly count: number;
}

export interface Store {
  readonly dir: string;
  readonly name: string;
  readonly info: StoreInfo;
  readonly cases: readonly Case[];
  readonly shards: readonly Shard[];
}

/** Path of a shard's file, in the store's folder. */
export function shardPath(kind: "images" | "masks", recipe: StoreRecipe, shard: number): string {
  return join(kind, `${recipe.dtype}-${recipe.width}x${recipe.height}-${String(shard).padStart(4, "0")}.npy`);
}

/**
 * Opens a store for reading. Cases come in the order of their ids.
 *
 * @throws {MedsslError} `ERR_STORE_MISSING`, `ERR_STORE_INCOMPLETE` (its first ingest was cut off), `ERR_STORE_FOREIGN`.
 */
export function openStore(dir: string): Store {
  const root = resolve(dir);
  const infoPath = join(root, "store.json");
  const catalogPath = join(root, "catalog.sqlite");
  if (!existsSync(infoPath)) {
    if (existsSync(catalogPath)) {
      throw new MedsslError("ERR_STORE_INCOMPLETE", `${dir}: this store's first ingest did not come to its end`, {
        hint: "Run the same `medssl ingest` again; it goes on where it stopped.",
      });
    }
    throw new MedsslError("ERR_STORE_MISSING", `${dir}: expected a store, found no store.json`, {
      hint: `Make one: medssl ingest FOLDER --store ${dir}`,
    });
  }
  const info = parseInfo(infoPath, dir);
  if (!existsSync(catalogPath)) throw foreignStore(dir, "catalog.sqlite is missing");
  const cases = readCases(catalogPath, dir);
  return { dir: root, name: basename(root), info, cases, shards: shardsOf(root, info.recipe, cases) };
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
  if (info?.version !== 1) throw foreignStore(dir, `store.json has version ${info?.version}, this program reads 1`);
  if (info.recipe === undefined || info.labels === undefined) throw foreignStore(dir, "store.json is damaged");
  return info as StoreInfo;
}

function foreignStore(dir: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_STORE_FOREIGN", `${dir}: not a store that this program can read: ${what}`, {
    hint: "Ingest the images again into a new folder.",
    cause,
  });
}

function readCases(path: string, dir: string): Case[] {
  const catalog = new DatabaseSync(path, { timeout: 5000 });
  try {
    const rows = catalog
      .prepare(
        "SELECT id, patient, source, shard, row, has_mask AS hasMask, width, height, file FROM cases ORDER BY id",
      )
      .all();
    return rows.map((row) => ({ ...row, hasMask: row["hasMask"] === 1 }) as unknown as Case);
  } catch (cause) {
    throw foreignStore(dir, `catalog.sqlite cannot be read (${cause instanceof Error ? cause.message : cause})`, cause);
  } finally {
    catalog.close();
  }
}

function shardsOf(root: string, recipe: StoreRecipe, cases: readonly Case[]): Shard[] {
  const counts: number[] = [];
  const hasMasks: boolean[] = [];
  for (const { shard, row, hasMask } of cases) {
    counts[shard] = Math.max(counts[shard] ?? 0, row + 1);
    hasMasks[shard] ||= hasMask;
  }
  return Array.from(counts, (count = 0, shard) => ({
    imagePath: join(root, shardPath("images", recipe, shard)),
    maskPath: hasMasks[shard] ? join(root, shardPath("masks", recipe, shard)) : undefined,
    count,
  }));
}
