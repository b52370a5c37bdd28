import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { lockFolder } from "../folder-lock.ts";

const LOCK = ".ingest-lock";

/**
 * Makes a store's folders and takes its lock; a folder that holds anything but a store is left alone.
 *
 * @throws {MedsslError} `ERR_STORE_BUSY`, `ERR_STORE_FOREIGN`
 */
export function lockStore(dir: string): Disposable {
  const others = existsSync(dir) ? readdirSync(dir).filter((name) => name !== "parts" && name !== "private") : [];
  if (!existsSync(join(dir, LOCK)) && others.length > 0) {
    throw new MedsslError("ERR_STORE_FOREIGN", `${dir}: the folder holds other files and is no store`, {
      hint: "Give --store a new folder.",
    });
  }
  const lock = lockFolder(dir, LOCK);
  if (lock === undefined) {
    throw new MedsslError("ERR_STORE_BUSY", `${dir}: another ingest is writing to this store`, {
      hint: "Wait until it is done; both would write the same rows.",
    });
  }
  for (const folder of ["images", "masks"]) mkdirSync(join(dir, folder), { recursive: true });
  mkdirSync(join(dir, "private"), { recursive: true, mode: 0o700 });
  return lock;
}
