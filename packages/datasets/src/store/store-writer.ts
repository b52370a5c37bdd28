/**
 * Writes a store so that it is whole at every moment.
 *
 * Order     pixels reach the disk first, then the catalog's transaction makes their rows visible, then the ledger notes
 *           which files they came from, and `store.json` is renamed into place last. A kill loses the cases since the
 *           last commit, about a second's, and nothing else.
 * One       writer at a time: an exclusive SQLite lock on `.ingest-lock`, which the system drops with the process.
 * Shards    each recipe fills pixel files of its own, one after the other, each up to 256 MiB.
 * Errors    `ERR_STORE_BUSY`, `ERR_STORE_DAMAGED`, `ERR_STORE_FOREIGN`, `ERR_STORE_RECIPE`, `ERR_STORE_LABELS`.
 */

import { renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MedsslError } from "@medssl/contract";
import { Ledger } from "../private/ledger.ts";
import { Catalog, readSettings } from "./catalog.ts";
import type { CatalogCase } from "./catalog-schema.ts";
import { NPY_HEADER_BYTES, NpyFile, type Pixels, recordBytes } from "./npy-file.ts";
import {
  type RecipeName,
  type RecipeWishes,
  recipeNames,
  recipeText,
  type StoreRecipes,
  storeRecipes,
} from "./recipe.ts";
import { type Label, type RecipeStatistics, STORE_VERSION, type StoreInfo, shardPath } from "./store.ts";
import { lockStore } from "./store-lock.ts";

const SHARD_BYTES = 256 * 2 ** 20;
const COMMIT_EVERY_MS = 1000;

/** A case ready to be stored: label indices in parallel to the pixels. */
export interface NewCase {
  readonly values: CatalogCase & { readonly recipe: RecipeName };
  readonly pixels: Pixels;
  readonly labels: Uint8Array | undefined;
}

/** A pixel file that is being filled. */
interface OpenShard {
  readonly number: number;
  readonly images: NpyFile;
  masks: NpyFile | undefined;
  rows: number;
}

export interface StoreWriterOptions {
  /** Folder of the store that this one is a part of: what was agreed on there holds here. */
  readonly base?: string;
  /** A shard's pixels fill at most this. @default 256 MiB */
  readonly shardBytes?: number;
}

export class StoreWriter {
  readonly dir: string;
  #recipes: StoreRecipes | undefined;
  #isOpen = true;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly #lock: Disposable;
  readonly #shardBytes: number;
  readonly #open = new Map<RecipeName, OpenShard>();
  #nextShard: number;
  #lastCommitMs = performance.now();

  /** Opens the store in `dir`, or makes one. */
  constructor(dir: string, { base, shardBytes = SHARD_BYTES }: StoreWriterOptions = {}) {
    this.dir = dir;
    this.#shardBytes = shardBytes;
    this.#lock = lockStore(dir);
    try {
      this.catalog = new Catalog(join(dir, "catalog.sqlite"));
      this.ledger = new Ledger(dir, base);
      this.#recipes = this.catalog.setting("recipes");
      // Without a catalog nothing is stored, whatever the ledger remembers.
      if (this.#recipes === undefined) this.ledger.forgetItems();
      else this.#checkShards();
      if (base !== undefined) this.adopt(readSettings(base));
      this.#nextShard = (this.catalog.shards().at(-1)?.number ?? -1) + 1;
      this.commit();
    } catch (error) {
      this.#lock[Symbol.dispose]();
      throw error;
    }
  }

  /** How the store keeps each kind of image; after `agreeOnRecipes`. */
  get recipes(): StoreRecipes {
    return this.#recipes!;
  }

  /**
   * Settles the recipes: those that the store has, or new ones.
   *
   * @param wishes What they should be; a store that has some must agree.
   * @param hasMasks Whether masks are to come: a new store then pads where it would crop.
   */
  agreeOnRecipes(wishes: RecipeWishes, hasMasks: boolean): void {
    const stored = this.#recipes;
    if (stored === undefined) {
      this.#recipes = storeRecipes(wishes, hasMasks);
      this.catalog.saveSetting("recipes", this.#recipes);
      this.catalog.saveSetting("created", new Date().toISOString());
      return;
    }
    // First those that the store has images of: they are what the user knows.
    const used = this.catalog.totals().map(({ recipe }) => recipe);
    for (const name of new Set([...used, ...recipeNames])) {
      const wanted = { ...stored[name], ...wishes };
      if (isDeepStrictEqual(wanted, stored[name])) continue;
      throw new MedsslError(
        "ERR_STORE_RECIPE",
        `${this.dir}: the store keeps ${name} images as ${recipeText(stored[name])}, asked for was ${recipeText(wanted)}`,
        { hint: "One store has one size, channel and fit. Leave the options out, or give --store a new folder." },
      );
    }
  }

  /** Takes over what another store has settled, where this one has not. */
  adopt(settings: ReadonlyMap<string, unknown>): void {
    for (const [key, value] of settings) {
      if (this.catalog.setting(key) === undefined) this.catalog.saveSetting(key, value);
    }
    this.#recipes = this.catalog.setting("recipes");
  }

  /** A shard that was lost or cut must not be filled up with black rows for the cases that it held. */
  #checkShards(): void {
    for (const { number, recipe: name, rows, maskRows } of this.catalog.shards()) {
      const recipe = this.recipes[name];
      for (const kind of ["images", "masks"] as const) {
        const path = this.#shardFile(kind, name, number);
        const needed = kind === "images" ? rows * recordBytes(recipe) : maskRows * recipe.width * recipe.height;
        const expected = needed === 0 ? 0 : NPY_HEADER_BYTES + needed;
        const got = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        if (got >= expected) continue;
        throw new MedsslError("ERR_STORE_DAMAGED", `${path}: expected ${expected} bytes, got ${got}`, {
          hint: "The store lost pixels that its catalog names. Remove its folder and ingest the images again.",
        });
      }
    }
  }

  /** What masks show, once a first ingest with masks has settled it. */
  get labels(): readonly Label[] | undefined {
    return this.catalog.setting("labels");
  }

  /** @param from Whose labels they are: the path of a source, or `--labels` */
  agreeOnLabels(wanted: readonly Label[], from: string): void {
    const labels = wanted.map(({ value, name }) => ({ value, name }));
    const stored = this.labels;
    if (stored === undefined) this.catalog.saveSetting("labels", labels);
    else if (!isDeepStrictEqual(stored, labels)) {
      const show = (list: readonly Label[]) => list.map(({ name }) => name).join(", ");
      throw new MedsslError(
        "ERR_STORE_LABELS",
        `${this.dir}: the store's labels are ${show(stored)}; those of ${from} are ${show(labels)}`,
        {
          hint: "Name the labels that both have with --labels, leave masks out with --no-masks, or give a new --store.",
        },
      );
    }
  }

  /** Stores a case; one of the same id or content is replaced. Visible from the next commit. */
  add({ values, pixels, labels }: NewCase): void {
    const shard = this.#shardWithRoom(values.recipe);
    const row = shard.rows;
    shard.images.writeRow(row, pixels);
    shard.rows += 1;
    if (labels !== undefined) {
      shard.masks ??= this.#openFile("masks", values.recipe, shard.number, 0);
      shard.masks.writeRow(row, labels);
    }
    this.catalog.putCase(values, { shard: shard.number, row, hasMask: labels !== undefined });
  }

  /** Commits when the last commit was a while ago. */
  breathe(): void {
    if (performance.now() - this.#lastCommitMs >= COMMIT_EVERY_MS) this.commit();
  }

  get isEmpty(): boolean {
    return this.catalog.shards().length === 0;
  }

  /** Makes all that was added durable and visible. */
  commit(): void {
    for (const [recipe, { number, images, masks, rows }] of this.#open) {
      images.publish(rows);
      // Rows without a mask at the end are published too: masks lie in parallel to their images.
      masks?.publish(rows);
      this.catalog.saveShard({ number, recipe, rows, maskRows: masks === undefined ? 0 : rows });
    }
    this.catalog.commit();
    this.ledger.commit();
    this.#lastCommitMs = performance.now();
  }

  /** Number for a pixel file that comes from elsewhere. */
  takeShardNumber(): number {
    return this.#nextShard++;
  }

  /** Commits and writes `store.json`, unless the store has no case yet. */
  finish(): StoreInfo | undefined {
    this.commit();
    const info = this.#describe();
    if (info === undefined) return undefined;
    const path = join(this.dir, "store.json");
    writeFileSync(`${path}.partial`, `${JSON.stringify(info, null, 2)}\n`, { flush: true });
    renameSync(`${path}.partial`, path);
    return info;
  }

  /** Leaves the store as of its last commit. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const name of recipeNames) this.#closeShard(name);
    this.catalog.close();
    this.ledger.close();
    this.#lock[Symbol.dispose]();
  }

  #describe(): StoreInfo | undefined {
    const totals = this.catalog.totals();
    const cases = totals.reduce((sum, total) => sum + total.cases, 0);
    if (cases === 0) return undefined;
    const statistics: Partial<Record<RecipeName, RecipeStatistics>> = {};
    for (const { recipe: name, cases: count, pixelSum, pixelSquareSum } of totals) {
      const { width, height, dtype } = this.recipes[name];
      const scale = dtype === "uint8" ? 255 : 1;
      const numPixels = count * width * height;
      const mean = pixelSum / numPixels / scale;
      const variance = Math.max(pixelSquareSum / numPixels / scale ** 2 - mean ** 2, 0);
      statistics[name] = { cases: count, mean, std: Math.sqrt(variance) };
    }
    return {
      version: STORE_VERSION,
      created: this.catalog.setting("created")!,
      cases,
      patients: this.catalog.countPatients(),
      recipes: this.recipes,
      labels: this.labels ?? [],
      statistics,
      sources: this.catalog.sources(),
      salt: this.catalog.setting("salt") ?? "",
    };
  }

  #shardWithRoom(name: RecipeName): OpenShard {
    const rowsPerShard = Math.max(Math.floor(this.#shardBytes / recordBytes(this.recipes[name])), 1);
    let shard = this.#open.get(name) ?? this.#reopenLast(name);
    if (shard !== undefined && shard.rows >= rowsPerShard) {
      this.commit();
      this.#closeShard(name);
      shard = undefined;
    }
    if (shard === undefined) {
      const number = this.takeShardNumber();
      this.catalog.saveShard({ number, recipe: name, rows: 0, maskRows: 0 });
      shard = { number, images: this.#openFile("images", name, number, 0), masks: undefined, rows: 0 };
    }
    this.#open.set(name, shard);
    return shard;
  }

  #reopenLast(name: RecipeName): OpenShard | undefined {
    const last = this.catalog.shards().findLast(({ recipe }) => recipe === name);
    if (last === undefined) return undefined;
    const { number, rows, maskRows } = last;
    const images = this.#openFile("images", name, number, rows);
    const masks = maskRows > 0 ? this.#openFile("masks", name, number, rows) : undefined;
    return { number, images, masks, rows };
  }

  #closeShard(name: RecipeName): void {
    const shard = this.#open.get(name);
    shard?.images.close();
    shard?.masks?.close();
    this.#open.delete(name);
  }

  #shardFile(kind: "images" | "masks", name: RecipeName, number: number): string {
    return join(this.dir, shardPath(kind, name, this.recipes[name], number));
  }

  /** Rows that a killed ingest wrote but did not commit go: masks that are not written must be zeros. */
  #openFile(kind: "images" | "masks", name: RecipeName, number: number, rows: number): NpyFile {
    const { width, height, dtype } = this.recipes[name];
    const path = this.#shardFile(kind, name, number);
    const file = new NpyFile(path, { width, height, dtype: kind === "images" ? dtype : "uint8" });
    file.publish(rows);
    return file;
  }
}
