/**
 * The layouts that are known, and which one a folder has.
 *
 * Order    most specific first: the first that recognises the folder is taken. `folder` is the last and always says yes.
 * Several  data sets in one folder are not read as a plain one, which would lose what is known of each.
 * Own      a name with a slash, or that ends like a module's, is a file whose default export is a layout.
 * Errors   `ERR_LAYOUT_UNKNOWN`, `ERR_LAYOUT_SEVERAL`, `ERR_LAYOUT_MODULE`.
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
import { dicomTree } from "./dicom-tree.ts";
import { dicomDir } from "./dicomdir.ts";
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
  dicomDir,
  dicomTree,
  folder,
];

/** A folder of more folders is somebody's archive, not a shelf of data sets. */
const MAX_SHELF = 64;

/**
 * The folder's layout: the one with this name or in this file, else the first that recognises the folder.
 *
 * @throws {MedsslError} `ERR_LAYOUT_UNKNOWN`, `ERR_LAYOUT_SEVERAL`, `ERR_LAYOUT_MODULE`
 */
export async function findLayout(source: SourceFolder, name?: string): Promise<Layout> {
  if (name !== undefined && /[/\\]|\.[cm]?[jt]s$/.test(name)) return await loadLayout(name);
  if (name === undefined) {
    const layout = await recognize(source);
    if (layout === folder) await refuseShelf(source);
    return layout;
  }
  const named = layouts.find((layout) => layout.name === name);
  if (named !== undefined) return named;
  throw new MedsslError(
    "ERR_LAYOUT_UNKNOWN",
    `--layout: expected ${layouts.map((one) => one.name).join(", ")}, got "${name}"`,
    { hint: "A layout of your own is given as a file: --layout ./my-layout.ts (docs/layouts.md)." },
  );
}

async function recognize(source: SourceFolder): Promise<Layout> {
  for (const layout of layouts) if (await layout.recognize(source)) return layout;
  return folder;
}

async function refuseShelf(source: SourceFolder): Promise<void> {
  const names = source.folders();
  const found: string[] = [];
  for (const name of names.length > MAX_SHELF ? [] : names) {
    const layout = await recognize(source.below(name));
    if (layout.published !== undefined) found.push(`${layout.title} in ${name}/`);
  }
  if (found.length === 0) return;
  throw new MedsslError("ERR_LAYOUT_SEVERAL", `${source.root}: expected one data set, got ${found.join(", ")}`, {
    hint: "Give the folder of each, several in one command; --layout folder takes all as plain images.",
  });
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
