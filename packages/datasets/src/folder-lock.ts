import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder } from "./make-folder.ts";

const SQLITE_BUSY = 5;

/**
 * Takes a folder for this process, and makes it where it is missing; the system drops the lock with the process, whatever
 * ends it. The file of the lock stays: who removed it could take it from under a process that is about to hold it.
 *
 * @param name Of that file.
 * @returns Undefined where another process, or another part of this one, has the folder.
 * @throws What the system says where the folder cannot hold a lock.
 */
export function lockFolder(dir: string, name: string): Disposable | undefined {
  makeFolder(dir);
  // SQLite would not say why it cannot make its file.
  accessSync(dir, constants.W_OK | constants.X_OK);
  const path = join(dir, name);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    // Whoever may only read it would share it.
    accessSync(path, constants.W_OK);
    // Nothing is ever written to it.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw cause;
  }
  const taken = lock;
  return { [Symbol.dispose]: () => taken.close() };
}
