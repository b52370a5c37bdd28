/**
 * The layouts that are known, and which one a folder has.
 *
 * Order    most specific first: the first that recognises the folder is taken. `folder` is the last and always says yes.
 * Errors   `ERR_LAYOUT_UNKNOWN`.
 */

import { MedsslError } from "@medssl/contract";
import type { Layout } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

export const layouts: readonly Layout[] = [];

/**
 * The folder's layout: the one with this name, else the first that recognises it.
 *
 * @throws {MedsslError} `ERR_LAYOUT_UNKNOWN`
 */
export async function findLayout(folder: SourceFolder, name?: string): Promise<Layout> {
  for (const layout of layouts) {
    if (name === undefined ? await layout.recognize(folder) : layout.name === name) return layout;
  }
  throw new MedsslError(
    "ERR_LAYOUT_UNKNOWN",
    `--layout: expected ${layouts.map((one) => one.name).join(", ")}, got "${name}"`,
  );
}
