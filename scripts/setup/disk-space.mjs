import fs from "node:fs";
import { dirname } from "node:path";
import { megabytes } from "./progress.mjs";
import { SetupError } from "./setup-error.mjs";

/**
 * Bytes that may still be written where `folder` is or will be.
 * @param {string} folder
 */
export function freeBytes(folder) {
  let existing = folder;
  while (!fs.existsSync(existing)) existing = dirname(existing);
  // Node 18.0 to 18.14 have no statfs (nor could it be imported by name): a full disk shows when the writing fails.
  if (typeof fs.statfsSync !== "function") return Number.POSITIVE_INFINITY;
  const { bavail, bsize } = fs.statfsSync(existing);
  return bavail * bsize;
}

/**
 * @param {string} what
 * @param {string} folder
 * @param {number} neededBytes
 * @param {string} remedy
 */
export function requireSpace(what, folder, neededBytes, remedy) {
  const free = freeBytes(folder);
  if (free < neededBytes) throw diskFull(what, folder, neededBytes, free, remedy);
}

/**
 * @param {string} what
 * @param {string} folder
 * @param {number} neededBytes
 * @param {number} free
 * @param {string} remedy
 */
export function diskFull(what, folder, neededBytes, free, remedy) {
  return new SetupError(
    `not enough disk space for ${what}: ${megabytes(neededBytes)} are needed in ${folder}, ${megabytes(free)} are free`,
    `Free some space there and run the same command again.\n${remedy}`.trim(),
  );
}
