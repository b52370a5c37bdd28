/**
 * A folder with a manifest: `cases.csv` says which images there are, and for each its mask and its patient.
 *
 *     image,mask,patient
 *     images/a.png,masks/a.png,p1        paths relative to the folder; mask and patient may be empty, or no columns
 *
 * Names    of columns in any order and case. Only what is listed counts, whatever else lies in the folder.
 * Errors   `ERR_MANIFEST`, `ERR_PATIENT_PATTERN`.
 */

import { MedsslError } from "@medssl/contract";
import { ImageTable } from "./image-table.ts";
import type { Layout } from "./layout.ts";

const MANIFEST = "cases.csv";

export const cases: Layout = {
  name: "cases",
  title: "Folder with a manifest",
  patientSpace: "own",
  isPublished: false,
  options: ["patientPattern"],
  recognize: (source) => source.has(MANIFEST),
  async *list(source, { patientPattern } = {}) {
    using images = new ImageTable(patientPattern);
    let line = 1;
    let numAgain = 0;
    for await (const record of source.csv(MANIFEST)) {
      line += 1;
      const fields = Object.entries(record).map(([name, value]) => [name.toLowerCase(), value.trim() || undefined]);
      const { image, mask, patient } = Object.fromEntries(fields) as Partial<Record<string, string>>;
      if (image === undefined) throw noImage(source.at(MANIFEST), line, Object.keys(record));
      if (!images.add(image, mask, patient)) numAgain += 1;
    }
    if (line === 1) throw noImage(source.at(MANIFEST), line, []);
    for (const entry of images.entries()) {
      if ("note" in entry) yield entry;
      else {
        const { key, file, mask, patient } = entry;
        yield { key, files: [source.at(file)], patient, masks: mask === undefined ? [] : [{ file: source.at(mask) }] };
      }
    }
    if (numAgain > 0) yield { note: `${numAgain} lines of ${MANIFEST} name an image again: the first line counts` };
  },
};

function noImage(path: string, line: number, columns: readonly string[]): MedsslError {
  const hasColumn = columns.some((name) => name.toLowerCase() === "image");
  const what = hasColumn
    ? `line ${line} names no image`
    : `expected a column "image", got ${columns.join(", ") || "nothing"}`;
  return new MedsslError("ERR_MANIFEST", `${path}: ${what}`, {
    hint: "The first line names the columns, image,mask,patient; each further line an image.",
  });
}
