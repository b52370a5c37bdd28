import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it, as `mkdirSync` with `recursive` should: that never comes back where a file system takes
 * no folders (`/proc`), and calls a read-only one a missing folder.
 *
 * @throws What the system says of the first that cannot be made: `EROFS`, `EACCES`, `ENOSPC`; `EEXIST` of a file in the way.
 */
export function makeFolder(dir: string): void {
  const missing = [];
  let at = resolve(dir);
  // The root of a drive that is not there is its own folder.
  for (; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  if (!isFolder(at)) mkdirSync(at);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another thread may have made it meanwhile.
      if (!isFolder(folder)) throw error;
    }
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
