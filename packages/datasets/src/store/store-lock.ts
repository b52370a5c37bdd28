import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";

/**
 * Makes a store's folders and takes its lock, which the system drops with the process; a folder that holds anything but
 * a store is left alone.
 *
 * @throws {MedsslError} `ERR_STORE_BUSY`, `ERR_STORE_FOREIGN`
 */
export function lockFolder(dir: string): DatabaseSync {
  const lockPath = join(dir, ".ingest-lock");
  const others = existsSync(dir) ? readdirSync(dir).filter((name) => name !== "parts" && name !== "private") : [];
  if (!existsSync(lockPath) && others.length > 0) {
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
  mkdirSync(join(dir, "private"), { recursive: true, mode: 0o700 });
  return lock;
}
