/**
 * `cases.csv` in a source's folder says which images there are, and for each its mask and patient: columns `image`,
 * `mask` and `patient`, paths relative to the folder; the last two may be missing or empty. Written by `medssl phantom`.
 *
 * Errors   `ERR_MANIFEST`.
 * Source   RFC 4180 for the quoting of fields.
 */

import { readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";

export interface ManifestRow {
  readonly image: string;
  readonly mask: string | undefined;
  readonly patient: string | undefined;
}

export function readManifest(path: string): ManifestRow[] {
  const [header = [], ...records] = parseCsv(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  const columns = header.map((name) => name.trim().toLowerCase());
  const imageColumn = columns.indexOf("image");
  if (imageColumn === -1) {
    throw new MedsslError(
      "ERR_MANIFEST",
      `${path}: expected a column "image", got ${columns.join(", ") || "nothing"}`,
      {
        hint: "The first line must name the columns: image,mask,patient",
      },
    );
  }
  const field = (record: readonly string[], name: string) => record[columns.indexOf(name)]?.trim() || undefined;
  return records.map((record, i) => {
    const image = record[imageColumn]?.trim();
    if (!image) throw new MedsslError("ERR_MANIFEST", `${path}: line ${i + 2} names no image`);
    return { image, mask: field(record, "mask"), patient: field(record, "patient") };
  });
}

/** Records of fields; a field in double quotes may hold commas, line ends and doubled quotes. Empty lines are left out. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    record.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
  }
  return records;
}
