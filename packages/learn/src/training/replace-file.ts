import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file that nobody sees half of: when it fails, on a full disk for one, the old one is still there. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.part`;
  try {
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}
