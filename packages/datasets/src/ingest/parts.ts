/**
 * One ingest shared by several processes without a server between them: a Slurm array, an indexed Kubernetes job.
 *
 *     STORE/parts/03-of-16/        the part of shard 3: a store of its own
 *     STORE/parts/03-of-16.done    written when the part is whole
 *
 * Every process lists all sources and does every n-th item. Who finds all n parts whole puts them together: pixel files
 * are moved, not copied, and rows of the catalogs follow with new numbers. Nothing but files in a shared folder is needed.
 *
 * Again    a kill while putting together is mended by the next run of any shard: rows that have arrived are known by
 *          their content, a part is removed when all of it has.
 * Errors   `ERR_SHARDS_DIFFER` when parts of another number of shards are there.
 */

import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MedsslError, type RunListener } from "@medssl/contract";
import { fileOfItem } from "../private/ledger.ts";
import { Catalog, readSettings } from "../store/catalog.ts";
import { type StoreInfo, shardPath } from "../store/store.ts";
import { StoreWriter } from "../store/store-writer.ts";
import { maskConflict } from "./item-intake.ts";
import { type Settlement, settle } from "./settle.ts";
import type { ShardOf } from "./work-plan.ts";

const partName = ({ index, count }: ShardOf): string =>
  `${String(index).padStart(2, "0")}-of-${String(count).padStart(2, "0")}`;

const partsDir = (store: string): string => join(store, "parts");

/**
 * Folder of this shard's part, made when missing. Where the store exists already, the part begins with what it has
 * agreed on, so that all parts go together.
 */
export function openPart(store: string, shard: ShardOf): string {
  const dir = join(partsDir(store), partName(shard));
  mkdirSync(dir, { recursive: true });
  const strange = readdirSync(partsDir(store)).find((name) => !name.includes(`-of-${partName(shard).slice(-2)}`));
  if (strange !== undefined) {
    throw new MedsslError(
      "ERR_SHARDS_DIFFER",
      `${join(partsDir(store), strange)}: a part of another number of shards`,
      {
        hint: `Finish that ingest first, or remove ${partsDir(store)} to begin anew with ${shard.count} shards.`,
      },
    );
  }
  rmSync(`${dir}.done`, { force: true });
  return dir;
}

/**
 * Says that this shard's part is whole; puts all parts together when it was the last one.
 *
 * @returns What the store holds then; undefined while parts are missing.
 */
export function mergeParts(store: string, shard: ShardOf, listen: RunListener): StoreInfo | undefined {
  const parts = Array.from({ length: shard.count }, (_, i) =>
    join(partsDir(store), partName({ ...shard, index: i + 1 })),
  );
  writeFileSync(`${parts[shard.index - 1]}.done`, "");
  const missing = parts.filter((part) => !existsSync(`${part}.done`));
  if (missing.length > 0) {
    const message = `${shard.count - missing.length} of ${shard.count} shards are done; the last one puts the store together`;
    listen({ type: "note", level: "info", message });
    return undefined;
  }
  let writer: StoreWriter;
  try {
    writer = new StoreWriter(store);
  } catch (error) {
    // Two that finish at the same moment both see all parts: one of them is enough.
    if (error instanceof MedsslError && error.code === "ERR_STORE_BUSY") return undefined;
    throw error;
  }
  try {
    const present = parts.filter((part) => existsSync(part));
    for (const part of present) checkSame(part, present[0]!, writer);
    // All of it was tried again.
    for (const name of new Set(present.flatMap(sourceNames))) writer.ledger.clearQuarantine(name);
    for (const part of present) movePart(part, writer);
    // What is said of items may have changed where their files have not, and they are in no part.
    for (const facts of writer.ledger.allFacts()) writer.catalog.updateItem(JSON.parse(facts));
    for (const item of writer.catalog.dropOrphans()) writer.ledger.forget(item);
    const info = writer.finish();
    if (readdirSync(partsDir(store)).length === 0) rmdirSync(partsDir(store));
    return info;
  } finally {
    writer.close();
  }
}

/** Parts of other sizes, or of other labels, cannot be one store; nothing has been moved yet. */
function checkSame(part: string, first: string, writer: StoreWriter): void {
  const [one, other] = [readSettings(part), readSettings(first)];
  for (const key of ["recipes", "labels", "salt"]) {
    const expected = writer.catalog.setting(key) ?? other.get(key);
    if (isDeepStrictEqual(one.get(key), expected) || one.get(key) === undefined || expected === undefined) continue;
    throw new MedsslError("ERR_SHARDS_DIFFER", `${part}: it was made with other ${key} than the other shards`, {
      hint: `All shards get the same command but for --shard. Remove ${part} and ${part}.done, and run that shard again.`,
    });
  }
}

function sourceNames(dir: string): string[] {
  const part = new Catalog(join(dir, "catalog.sqlite"));
  try {
    return part.sourceRows().map(({ name }) => name);
  } finally {
    part.close();
  }
}

function movePart(dir: string, writer: StoreWriter): void {
  // All parts saw the same sources: what the first one has settled holds for all.
  writer.adopt(readSettings(dir));
  const part = new Catalog(join(dir, "catalog.sqlite"));
  try {
    const sources = new Map(
      part
        .sourceRows()
        .map(({ number, name, layout, patientRule }) => [number, writer.catalog.saveSource(name, layout, patientRule)]),
    );
    const shards = new Map(part.shards().map((shard) => [shard.number, shard]));
    const numbers = new Map<number, number>();
    const moveShard = (number: number): number => {
      const shard = shards.get(number)!;
      const moved = writer.takeShardNumber();
      for (const kind of ["images", "masks"] as const) {
        const path = (index: number) => shardPath(kind, shard.recipe, writer.recipes[shard.recipe], index);
        const [from, to] = [join(dir, path(number)), join(writer.dir, path(moved))];
        if (existsSync(from)) link(from, to);
      }
      writer.catalog.saveShard({ ...shard, number: moved });
      numbers.set(number, moved);
      return moved;
    };
    let settled: Settlement | undefined;
    let item = "";
    for (const { values, place } of part.allCases()) {
      const source = sources.get(values.source)!;
      if (values.item !== item) {
        item = values.item;
        settled = settle(writer.catalog, values);
        if (settled.kind === "store") {
          writer.catalog.dropItem(item);
          if (settled.displaced !== undefined) writer.catalog.displace(settled.displaced, item);
        } else if (settled.kind === "duplicate") {
          const { original } = settled;
          writer.catalog.saveDuplicate({
            id: item,
            source,
            patient: values.patient,
            original,
            content: values.content,
          });
        } else if (settled.kind === "conflict") {
          const file = fileOfItem(dir, item) ?? item;
          const { code, message: reason } = maskConflict(file, settled.original);
          writer.ledger.quarantine({ file, source: values.item.split("/")[0]!, code, reason });
        }
      }
      if (settled?.kind !== "store") continue;
      const shard = numbers.get(place.shard) ?? moveShard(place.shard);
      writer.catalog.putCase({ ...values, source }, { ...place, shard });
    }
    for (const duplicate of part.allDuplicates()) {
      writer.catalog.saveDuplicate({ ...duplicate, source: sources.get(duplicate.source)! });
    }
  } finally {
    part.close();
  }
  writer.commit();
  writer.ledger.absorb(dir);
  rmSync(dir, { recursive: true });
  rmSync(`${dir}.done`);
}

/** A second name for the same bytes; moved where the disk knows no such thing. */
function link(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    renameSync(from, to);
  }
}
