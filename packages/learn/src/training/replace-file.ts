import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file that nobody sees half of: when it fails, on a full disk for one, the old one is still there. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.part`;
  try {
    writeFileSync(temporary, text, { flush: true });
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
