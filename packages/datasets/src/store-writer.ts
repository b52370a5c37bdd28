/**
 * Writes a store so that it is whole at every moment.
 *
 * Order     pixels reach the disk first, then the catalog's transaction makes their rows visible, and `store.json` is
 *           renamed into place last. A kill loses the cases since the last commit and nothing else.
 * One       writer at a time: an exclusive SQLite lock on `.ingest-lock`, which the system drops with the process.
 * Identity  a case is an image's content (SHA-256). The same content is never stored twice; a case whose image or mask
 *           has changed gets a new row, and its old row is left unused.
 * Errors    `ERR_STORE_BUSY`, `ERR_STORE_FOREIGN`, `ERR_STORE_RECIPE`, `ERR_STORE_LABELS`.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { MedsslError } from "@medssl/contract";
import type { LabelRule } from "./label-rule.ts";
import { NpyFile } from "./npy-file.ts";
import { type Case, type StoreInfo, type StoreRecipe, type StoreSource, shardPath } from "./store.ts";

/** Rows of a shard fill at most this. */
const SHARD_BYTES = 256 * 2 ** 20;
/** Cases between two commits: a kill loses at most these. */
const CASES_PER_COMMIT = 64;

const SCHEMA = `
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE sources (name TEXT PRIMARY KEY, path TEXT NOT NULL);
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

/** A case ready to be stored. */
export interface NewCase extends Omit<Case, "shard" | "row" | "hasMask"> {
  readonly imageHash: string;
  readonly maskFile: string | undefined;
  readonly maskHash: string | undefined;
  /** Pixels at the store's size, and label indices in parallel. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array | undefined;
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

export class StoreWriter {
  readonly dir: string;
  readonly recipe: StoreRecipe;
  readonly #lock: DatabaseSync;
  readonly #catalog: DatabaseSync;
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
   */
  constructor(dir: string, wanted: Partial<StoreRecipe>, defaults: StoreRecipe) {
    const isNew = !existsSync(join(dir, "catalog.sqlite"));
    if (isNew && existsSync(dir) && readdirSync(dir).some((name) => name !== ".ingest-lock")) {
      throw new MedsslError("ERR_STORE_FOREIGN", `${dir}: the folder holds other files and is no store`, {
        hint: "Give --store a new folder.",
      });
    }
    for (const folder of ["images", "masks"]) mkdirSync(join(dir, folder), { recursive: true });
    this.dir = dir;
    this.#lock = lockStore(dir);
    this.#catalog = new DatabaseSync(join(dir, "catalog.sqlite"), { timeout: 10_000 });
    this.#catalog.exec("BEGIN IMMEDIATE");
    // A kill between creating the file and this first commit leaves an empty catalog.
    if (this.#catalog.prepare("SELECT 1 FROM sqlite_schema").get() === undefined) this.#catalog.exec(SCHEMA);
    this.recipe = this.#agreeOnRecipe(wanted, defaults);
    this.#rowsPerShard = Math.max(Math.floor(SHARD_BYTES / (this.recipe.width * this.recipe.height)), 1);
    const last = this.#catalog.prepare("SELECT shard, row FROM cases ORDER BY shard DESC, row DESC LIMIT 1").get();
    this.#shard = Number(last?.["shard"] ?? 0);
    this.#row = Number(last?.["row"] ?? -1) + 1;
    this.commit();
  }

  #agreeOnRecipe(wanted: Partial<StoreRecipe>, defaults: StoreRecipe): StoreRecipe {
    const stored = this.#setting<StoreRecipe>("recipe");
    if (stored === undefined) {
      const recipe = { ...defaults, ...wanted };
      this.#saveSetting("recipe", recipe);
      this.#saveSetting("created", new Date().toISOString());
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
    return this.#setting("labels");
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
    this.#saveSetting("labels", rule);
  }

  /** The source's name in this store: its folder's, made unique. A folder that has moved keeps its name. */
  registerSource(path: string, preferredNames: Iterable<string>): string {
    const known = this.#catalog.prepare("SELECT name FROM sources WHERE path = ?").get(path);
    if (known !== undefined) return String(known["name"]);
    const pathOf = this.#catalog.prepare("SELECT path FROM sources WHERE name = ?");
    for (const name of preferredNames) {
      const other = pathOf.get(name)?.["path"];
      if (other !== undefined && existsSync(String(other))) continue;
      this.#catalog.prepare("INSERT OR REPLACE INTO sources VALUES (?, ?)").run(name, path);
      return name;
    }
    throw new RangeError(`no name left for the source ${path}`);
  }

  findContent(imageHash: string): KnownCase | undefined {
    const row = this.#catalog.prepare("SELECT id, mask_hash FROM cases WHERE image_hash = ?").get(imageHash);
    return row && { id: String(row["id"]), maskHash: row["mask_hash"] === null ? undefined : String(row["mask_hash"]) };
  }

  /** Stores a case; one of the same id or content is replaced. Visible from the next commit. */
  add(added: NewCase): void {
    if (this.#row >= this.#rowsPerShard) this.#startShard();
    this.#images ??= this.#openShard("images");
    if (added.labels !== undefined || existsSync(this.#shardFile("masks"))) this.#masks ??= this.#openShard("masks");
    this.#images.writeRow(this.#row, added.pixels);
    if (added.labels !== undefined) this.#masks?.writeRow(this.#row, added.labels);
    this.#catalog.prepare("DELETE FROM cases WHERE image_hash = ? OR id = ?").run(added.imageHash, added.id);
    this.#catalog
      .prepare(
        `INSERT INTO cases VALUES (:id, :patient, :source, :shard, :row, :hasMask, :width, :height, :file, :maskFile,
           :imageHash, :maskHash, :sum, :squareSum)`,
      )
      .run({
        id: added.id,
        patient: added.patient,
        source: added.source,
        shard: this.#shard,
        row: this.#row,
        hasMask: added.labels === undefined ? 0 : 1,
        width: added.width,
        height: added.height,
        file: added.file,
        maskFile: added.maskFile ?? null,
        imageHash: added.imageHash,
        maskHash: added.maskHash ?? null,
        ...pixelSums(added.pixels),
      });
    this.#row += 1;
    this.#countPending();
  }

  clearQuarantine(source: string): void {
    this.#catalog.prepare("DELETE FROM quarantine WHERE source = ?").run(source);
  }

  quarantine({ file, source, code, reason }: QuarantinedFile): void {
    this.#catalog.prepare("INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?)").run(file, source, code, reason);
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
    this.#catalog.exec("COMMIT; BEGIN IMMEDIATE");
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
    this.#images?.close();
    this.#masks?.close();
    this.#catalog.close();
    this.#lock.close();
  }

  #describe(): StoreInfo | undefined {
    const totals = this.#catalog
      .prepare("SELECT count(*) AS cases, total(pixel_sum) AS sum, total(pixel_square_sum) AS squares FROM cases")
      .get() as { cases: number; sum: number; squares: number };
    if (totals.cases === 0) return undefined;
    const numPixels = totals.cases * this.recipe.width * this.recipe.height;
    const mean = totals.sum / numPixels / 255;
    const variance = totals.squares / numPixels / 255 ** 2 - mean ** 2;
    const sources = this.#catalog
      .prepare(
        `SELECT name, path, count(*) AS cases, sum(has_mask) AS masks
         FROM sources JOIN cases ON source = name GROUP BY name ORDER BY name`,
      )
      .all();
    return {
      version: 1,
      created: this.#setting("created")!,
      recipe: this.recipe,
      labels: (this.labelRule?.labels ?? []).map(({ value, name }) => ({ value, name })),
      statistics: { mean, std: Math.sqrt(variance) },
      sources: sources.map((source) => ({ ...source }) as unknown as StoreSource),
    };
  }

  #startShard(): void {
    this.commit();
    this.#images?.close();
    this.#masks?.close();
    this.#images = undefined;
    this.#masks = undefined;
    this.#shard += 1;
    this.#row = 0;
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

  #setting<Value>(key: string): Value | undefined {
    const row = this.#catalog.prepare("SELECT value FROM settings WHERE key = ?").get(key);
    return row && JSON.parse(String(row["value"]));
  }

  #saveSetting(key: string, value: unknown): void {
    this.#catalog.prepare("INSERT OR REPLACE INTO settings VALUES (?, ?)").run(key, JSON.stringify(value));
  }
}

function lockStore(dir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dir, ".ingest-lock"));
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new MedsslError("ERR_STORE_BUSY", `${dir}: another ingest is writing to this store`, {
      hint: "Wait until it is done; both would write the same rows.",
      cause,
    });
  }
  return lock;
}

function pixelSums(pixels: Uint8Array): { sum: number; squareSum: number } {
  let sum = 0;
  let squareSum = 0;
  for (const value of pixels) {
    sum += value;
    squareSum += value * value;
  }
  return { sum, squareSum };
}
