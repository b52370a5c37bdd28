import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";

const SQLITE_BUSY = 5;

/**
 * Takes a run's folder for this process; the system drops the lock with the process, whatever ends it.
 *
 * @throws {MedsslError} `ERR_RUN_BUSY`, or `ERR_RUN_LOCK` where the folder cannot hold a lock.
 */
export function lockRun(dir: string): Disposable {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, ".run-lock");
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new MedsslError("ERR_RUN_BUSY", `${dir}: another process is training into this folder`, {
        hint: "Wait until it is done, stop it, or give another --out.",
        cause,
      });
    }
    throw new MedsslError("ERR_RUN_LOCK", `${path}: the run's lock cannot be taken: ${(cause as Error).message}`, {
      hint: "Delete that file if nothing trains into the folder; else look whether the folder can be written to.",
      cause,
    });
  }
  const taken = lock;
  return { [Symbol.dispose]: () => taken.close() };
}
