/**
 * Writes a store so that it is whole at every moment.
 *
 * Order     pixels reach the disk first, then the catalog's transaction makes their rows visible, and `store.json` is
 *           renamed into place last. A kill loses the cases since the last commit and nothing else.
 * One       writer at a time: an exclusive SQLite lock on `.ingest-lock`, which the system drops with the process.
 * Identity  a case is an image's content (SHA-256). The same content is never stored twice; a case whose image or mask
 *           has changed gets a new row, and its old row is left unused.
 * Errors    `ERR_STORE_BUSY`, `ERR_STORE_DAMAGED`, `ERR_STORE_FOREIGN`, `ERR_STORE_RECIPE`, `ERR_STORE_LABELS`.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { MedsslError } from "@medssl/contract";
import { Catalog, type CatalogCase, type KnownCase, type QuarantinedFile } from "./catalog.ts";
import type { LabelRule } from "./label-rule.ts";
import { NPY_HEADER_BYTES, NpyFile } from "./npy-file.ts";
import { type StoreInfo, type StoreRecipe, shardPath } from "./store.ts";

const SHARD_BYTES = 256 * 2 ** 20;
/** Cases between two commits: a kill loses at most these. */
const CASES_PER_COMMIT = 64;

/** A case ready to be stored. */
export interface NewCase extends Omit<CatalogCase, "shard" | "row" | "hasMask" | "pixelSum" | "pixelSquareSum"> {
  /** Pixels at the store's size, and label indices in parallel. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array | undefined;
}

export class StoreWriter {
  readonly dir: string;
  readonly recipe: StoreRecipe;
  readonly #lock: DatabaseSync;
  readonly #catalog: Catalog;
  readonly #rowsPerShard: number;
  #shard: number;
  #row: number;
  #images: NpyFile | undefined;
  #masks: NpyFile | undefined;
  #numPending = 0;

  /**
   * Opens the store in `dir`, or makes one.
   *
   * @param wanted The recipe that was asked for; what it leaves out is the store's own, or `defaults` in a new store.
   * @param shardBytes A shard's pixels fill at most this.
   */
  constructor(dir: string, wanted: Partial<StoreRecipe>, defaults: StoreRecipe, shardBytes = SHARD_BYTES) {
    this.dir = dir;
    this.#lock = prepareFolder(dir);
    this.#catalog = new Catalog(join(dir, "catalog.sqlite"));
    this.recipe = this.#agreeOnRecipe(wanted, defaults);
    this.#rowsPerShard = Math.max(Math.floor(shardBytes / (this.recipe.width * this.recipe.height)), 1);
    this.#checkShards();
    ({ shard: this.#shard, row: this.#row } = this.#catalog.nextRow());
    this.commit();
  }

  /** A shard that was lost or cut must not be filled up with black rows for the cases that it held. */
  #checkShards(): void {
    const { width, height } = this.recipe;
    for (const { shard, ...rows } of this.#catalog.neededRows()) {
      for (const kind of ["images", "masks"] as const) {
        const path = join(this.dir, shardPath(kind, this.recipe, shard));
        const expected = rows[kind] === 0 ? 0 : NPY_HEADER_BYTES + rows[kind] * width * height;
        const got = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        if (got >= expected) continue;
        this.close();
        throw new MedsslError("ERR_STORE_DAMAGED", `${path}: expected ${expected} bytes, got ${got}`, {
          hint: "The store lost pixels that its catalog names. Remove its folder and ingest the images again.",
        });
      }
    }
  }

  #agreeOnRecipe(wanted: Partial<StoreRecipe>, defaults: StoreRecipe): StoreRecipe {
    const stored = this.#catalog.setting<StoreRecipe>("recipe");
    if (stored === undefined) {
      const recipe = { ...defaults, ...wanted };
      this.#catalog.saveSetting("recipe", recipe);
      this.#catalog.saveSetting("created", new Date().toISOString());
      return recipe;
    }
    if (!isDeepStrictEqual({ ...stored, ...wanted }, stored)) {
      const show = (recipe: StoreRecipe) => `${recipe.width}x${recipe.height} ${recipe.channel} ${recipe.fit}`;
      this.close();
      throw new MedsslError(
        "ERR_STORE_RECIPE",
        `${this.dir}: the store holds ${show(stored)} images, asked for was ${show({ ...stored, ...wanted })}`,
        { hint: "One store has one size, channel and fit. Leave the options out, or give --store a new folder." },
      );
    }
    return stored;
  }

  /** The rule that masks are read by, once a first ingest with masks has set it. */
  get labelRule(): LabelRule | undefined {
    return this.#catalog.setting("labels");
  }

  set labelRule(rule: LabelRule) {
    const stored = this.labelRule;
    if (stored !== undefined && !isDeepStrictEqual(stored, rule)) {
      const show = ({ labels }: LabelRule) => labels.map(({ name, fileValue }) => `${name}=${fileValue}`).join(",");
      throw new MedsslError(
        "ERR_STORE_LABELS",
        `${this.dir}: the store's labels are ${show(stored)}, asked for was ${show(rule)}`,
        { hint: "Leave --labels out to keep the store's, or give --store a new folder." },
      );
    }
    this.#catalog.saveSetting("labels", rule);
  }

  /** Names a source whose files now come; what was quarantined of it before is forgotten. */
  beginSource(path: string, names: Iterable<string>): string {
    const name = this.#catalog.registerSource(path, names);
    this.#catalog.clearQuarantine(name);
    return name;
  }

  /** The pattern that tells a source's patients: the one given, which is kept, or the one kept from before. */
  patientPattern(source: string, given: RegExp | undefined): RegExp | undefined {
    return this.#catalog.patientPattern(source, given);
  }

  findContent(imageHash: string): KnownCase | undefined {
    return this.#catalog.findContent(imageHash);
  }

  /** Stores a case; one of the same id or content is replaced. Visible from the next commit. */
  add({ pixels, labels, ...values }: NewCase): void {
    if (this.#row >= this.#rowsPerShard) this.#startShard();
    this.#images ??= this.#openShard("images");
    if (labels !== undefined || existsSync(this.#shardFile("masks"))) this.#masks ??= this.#openShard("masks");
    this.#images.writeRow(this.#row, pixels);
    if (labels !== undefined) this.#masks?.writeRow(this.#row, labels);
    const place = { shard: this.#shard, row: this.#row, hasMask: labels !== undefined };
    this.#catalog.putCase({ ...values, ...place, ...pixelSums(pixels) });
    this.#row += 1;
    this.#countPending();
  }

  /** A stored case whose patient may be told otherwise now. */
  keep(id: string, patient: string): void {
    this.#catalog.setPatient(id, patient);
  }

  quarantine(file: QuarantinedFile): void {
    this.#catalog.quarantine(file);
    this.#countPending();
  }

  #countPending(): void {
    this.#numPending += 1;
    if (this.#numPending >= CASES_PER_COMMIT) this.commit();
  }

  /** Makes all that was added durable and visible. */
  commit(): void {
    this.#images?.publish(this.#row);
    this.#masks?.publish(this.#row);
    this.#catalog.commit();
    this.#numPending = 0;
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
    this.#closeShard();
    this.#catalog.close();
    this.#lock.close();
  }

  #describe(): StoreInfo | undefined {
    const { cases, pixelSum, pixelSquareSum } = this.#catalog.totals();
    if (cases === 0) return undefined;
    const numPixels = cases * this.recipe.width * this.recipe.height;
    const mean = pixelSum / numPixels / 255;
    const variance = pixelSquareSum / numPixels / 255 ** 2 - mean ** 2;
    return {
      version: 1,
      created: this.#catalog.setting("created")!,
      recipe: this.recipe,
      labels: (this.labelRule?.labels ?? []).map(({ value, name }) => ({ value, name })),
      statistics: { mean, std: Math.sqrt(variance) },
      sources: this.#catalog.sources(),
    };
  }

  #startShard(): void {
    this.commit();
    this.#closeShard();
    this.#shard += 1;
    this.#row = 0;
  }

  #closeShard(): void {
    this.#images?.close();
    this.#masks?.close();
    this.#images = undefined;
    this.#masks = undefined;
  }

  #shardFile(kind: "images" | "masks"): string {
    return join(this.dir, shardPath(kind, this.recipe, this.#shard));
  }

  #openShard(kind: "images" | "masks"): NpyFile {
    const file = new NpyFile(this.#shardFile(kind), this.recipe.width, this.recipe.height);
    // Rows that a killed ingest wrote but did not commit go: masks that are not written must be zeros.
    file.publish(this.#row);
    return file;
  }
}

/** Makes the store's folders and takes the lock; a folder that holds anything but a store is left alone. */
function prepareFolder(dir: string): DatabaseSync {
  const lockPath = join(dir, ".ingest-lock");
  if (!existsSync(lockPath) && existsSync(dir) && readdirSync(dir).length > 0) {
    throw new MedsslError("ERR_STORE_FOREIGN", `${dir}: the folder holds other files and is no store`, {
      hint: "Give --store a new folder.",
    });
  }
  mkdirSync(dir, { recursive: true });
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new MedsslError("ERR_STORE_BUSY", `${dir}: another ingest is writing to this store`, {
      hint: "Wait until it is done; both would write the same rows.",
      cause,
    });
  }
  for (const folder of ["images", "masks"]) mkdirSync(join(dir, folder), { recursive: true });
  return lock;
}

function pixelSums(pixels: Uint8Array): { pixelSum: number; pixelSquareSum: number } {
  let pixelSum = 0;
  let pixelSquareSum = 0;
  for (const value of pixels) {
    pixelSum += value;
    pixelSquareSum += value * value;
  }
  return { pixelSum, pixelSquareSum };
}
