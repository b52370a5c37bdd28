/**
 * The layouts that are known, and which one a folder has.
 *
 * Order    most specific first: the first that recognises the folder is taken. `folder` is the last and always says yes.
 * Errors   `ERR_LAYOUT_UNKNOWN`.
 */

import { MedsslError } from "@medssl/contract";
import { acdc } from "./acdc.ts";
import { amos22 } from "./amos22.ts";
import { deepLesion } from "./deeplesion.ts";
import type { Layout } from "./layout.ts";
import { lits } from "./lits.ts";
import { mmWhs } from "./mm-whs.ts";
import { msd } from "./msd.ts";
import { nnunetRaw } from "./nnunet-raw.ts";
import type { SourceFolder } from "./source-folder.ts";

export const layouts: readonly Layout[] = [deepLesion, amos22, acdc, mmWhs, lits, nnunetRaw, msd];

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
