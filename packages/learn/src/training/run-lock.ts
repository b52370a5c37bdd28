import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";

/**
 * Takes a run's folder for this process; the system drops the lock with the process, whatever ends it.
 *
 * @throws {MedsslError} `ERR_RUN_BUSY`
 */
export function lockRun(dir: string): Disposable {
  mkdirSync(dir, { recursive: true });
  const lock = new DatabaseSync(join(dir, ".run-lock"));
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new MedsslError("ERR_RUN_BUSY", `${dir}: another process is training into this folder`, {
      hint: "Wait until it is done, stop it, or give another --out.",
      cause,
    });
  }
  return { [Symbol.dispose]: () => lock.close() };
}
