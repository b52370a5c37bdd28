/**
 * The layouts that are known, and which one a folder has.
 *
 * Order    most specific first: the first that recognises the folder is taken. `folder` is the last and always says yes.
 * Own      a name with a slash, or that ends like a module's, is a file whose default export is a layout.
 * Errors   `ERR_LAYOUT_UNKNOWN`, `ERR_LAYOUT_MODULE`.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MedsslError } from "@medssl/contract";
import { acdc } from "./acdc.ts";
import { amos22 } from "./amos22.ts";
import { cases } from "./cases.ts";
import { chaseDb1 } from "./chase-db1.ts";
import { chexpert } from "./chexpert.ts";
import { deepLesion } from "./deeplesion.ts";
import { drive } from "./drive.ts";
import { folder } from "./folder.ts";
import { hrf } from "./hrf.ts";
import { jsrt } from "./jsrt.ts";
import { kaggleLungs } from "./kaggle-lungs.ts";
import type { Layout } from "./layout.ts";
import { lits } from "./lits.ts";
import { mimicCxrJpg } from "./mimic-cxr-jpg.ts";
import { mmWhs } from "./mm-whs.ts";
import { montgomery } from "./montgomery.ts";
import { msd } from "./msd.ts";
import { nnunetRaw } from "./nnunet-raw.ts";
import { shenzhen } from "./shenzhen.ts";
import type { SourceFolder } from "./source-folder.ts";
import { stare } from "./stare.ts";

export const layouts: readonly Layout[] = [
  cases,
  chexpert,
  mimicCxrJpg,
  jsrt,
  montgomery,
  shenzhen,
  kaggleLungs,
  drive,
  stare,
  chaseDb1,
  hrf,
  deepLesion,
  amos22,
  acdc,
  mmWhs,
  lits,
  nnunetRaw,
  msd,
  folder,
];

/**
 * The folder's layout: the one with this name or in this file, else the first that recognises the folder.
 *
 * @throws {MedsslError} `ERR_LAYOUT_UNKNOWN`, `ERR_LAYOUT_MODULE`
 */
export async function findLayout(folder: SourceFolder, name?: string): Promise<Layout> {
  if (name !== undefined && /[/\\]|\.[cm]?[jt]s$/.test(name)) return await loadLayout(name);
  for (const layout of layouts) {
    if (name === undefined ? await layout.recognize(folder) : layout.name === name) return layout;
  }
  throw new MedsslError(
    "ERR_LAYOUT_UNKNOWN",
    `--layout: expected ${layouts.map((one) => one.name).join(", ")}, got "${name}"`,
    { hint: "A layout of your own is given as a file: --layout ./my-layout.ts (docs/layouts.md)." },
  );
}

async function loadLayout(path: string): Promise<Layout> {
  let layout: Partial<Layout> | undefined;
  try {
    layout = (await import(pathToFileURL(resolve(path)).href)).default;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MedsslError("ERR_LAYOUT_MODULE", `--layout ${path}: cannot be loaded (${why})`, {
      hint: "It is a JavaScript or TypeScript module with the layout as its default export (docs/layouts.md).",
      cause,
    });
  }
  const isLayout =
    typeof layout?.name === "string" &&
    typeof layout.title === "string" &&
    typeof layout.recognize === "function" &&
    typeof layout.list === "function";
  if (isLayout) return layout as Layout;
  throw new MedsslError("ERR_LAYOUT_MODULE", `--layout ${path}: the default export is no layout`, {
    hint: "Expected an object with name, title, recognize and list (docs/layouts.md).",
  });
}
