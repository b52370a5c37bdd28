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

import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, type RunListener } from "@medssl/contract";
import { Catalog, readSettings } from "../store/catalog.ts";
import { type StoreInfo, shardPath } from "../store/store.ts";
import { StoreWriter } from "../store/store-writer.ts";
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
    for (const part of parts) if (existsSync(part)) movePart(part, writer);
    const info = writer.finish();
    rmSync(partsDir(store), { recursive: true, force: true });
    return info;
  } finally {
    writer.close();
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
    const numbers = new Map<number, number>();
    for (const shard of part.shards()) {
      const number = writer.takeShardNumber();
      for (const kind of ["images", "masks"] as const) {
        const path = (index: number) => shardPath(kind, shard.recipe, writer.recipes[shard.recipe], index);
        const [from, to] = [join(dir, path(shard.number)), join(writer.dir, path(number))];
        if (existsSync(from)) link(from, to);
      }
      writer.catalog.saveShard({ ...shard, number });
      numbers.set(shard.number, number);
    }
    for (const { values, place } of part.allCases()) {
      const source = sources.get(values.source)!;
      const known = writer.catalog.findContent(values.content);
      if (known !== undefined && known.item !== values.item) {
        writer.catalog.saveDuplicate(values.item, source, values.patient, known.item);
        continue;
      }
      writer.catalog.putCase({ ...values, source }, { ...place, shard: numbers.get(place.shard)! });
    }
    for (const { id, source, patient, original } of part.allDuplicates()) {
      writer.catalog.saveDuplicate(id, sources.get(source)!, patient, original);
    }
  } finally {
    part.close();
  }
  writer.commit();
  writer.ledger.absorb(dir);
  rmSync(dir, { recursive: true });
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
