import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { lockFolder } from "@medssl/datasets";

const LOCK = ".run-lock";

/**
 * Takes a run's folder for this process.
 *
 * @throws {MedsslError} `ERR_RUN_BUSY`, or `ERR_RUN_LOCK` where the folder cannot hold a lock.
 */
export function lockRun(dir: string): Disposable {
  const lock = takeLock(dir);
  if (lock !== undefined) return lock;
  throw new MedsslError("ERR_RUN_BUSY", `${dir}: another process is training into this folder`, {
    hint: "Wait until it is done, stop it, or give another --out.",
  });
}

function takeLock(dir: string): Disposable | undefined {
  try {
    return lockFolder(dir, LOCK);
  } catch (cause) {
    // What is wrong with the folder itself is told as of any other.
    if ((cause as NodeJS.ErrnoException).code !== "ERR_SQLITE_ERROR") throw cause;
    const path = join(dir, LOCK);
    throw new MedsslError("ERR_RUN_LOCK", `${path}: the run's lock cannot be taken: ${(cause as Error).message}`, {
      hint: "Delete that file if nothing trains into the folder; else look whether the folder can be written to.",
      cause,
    });
  }
}
