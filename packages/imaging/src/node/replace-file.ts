/** Files that nobody sees half of. */
import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Of a file's name while it is written; a program that is killed then leaves one behind. */
export const PART_SUFFIX = ".part";

/**
 * Writes a file that is whole, or not there: when it fails, on a full disk for one, the old one is still there.
 *
 * @param isFlushed Whether it waits until the disk has it. Else a power failure soon after may leave an empty file, which
 *   whoever reads it must be able to tell. @default true
 */
export function replaceFile(path: string, content: string | Uint8Array, isFlushed = true): void {
  const temporary = `${path}${PART_SUFFIX}`;
  try {
    writeFileSync(temporary, content, { flush: isFlushed });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw withPath(cause, path);
  }
}

export function appendToFile(path: string, text: string | Uint8Array): void {
  try {
    appendFileSync(path, text);
  } catch (cause) {
    throw withPath(cause, path);
  }
}

/** What writing to an open file fails with has no path: a person could not tell which disk is full. */
const withPath = (cause: unknown, path: string): unknown =>
  cause instanceof Error ? Object.assign(cause, { path }) : cause;
