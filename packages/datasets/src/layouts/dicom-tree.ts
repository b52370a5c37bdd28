/**
 * A tree of DICOM files, as archives and their exports write it: names say nothing, the headers everything.
 *
 * Recognised  where most files are DICOM by their content, reports and pictures of other kinds beside them not counted.
 * Listed      series by series (dicom-series.ts).
 */

import { readHeaders } from "./dicom-header.ts";
import { listDicom } from "./dicom-series.ts";
import { hasImageName } from "./image-file.ts";
import type { Layout } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

/** Names that are met before some of them are looked into. */
const NUM_NAMES = 2000;
const NUM_LOOKS = 48;
/** `report.pdf`, but not `1.2.840.10008.5` nor `IM0001`. */
const WORD_EXTENSION = /\.[a-z][a-z0-9_]*$/i;

export const dicomTree: Layout = {
  name: "dicom-tree",
  title: "DICOM files",
  patientSpace: "own",
  isPublished: false,

  recognize: async (folder) => {
    let [numDicom, numLooks] = [0, 0];
    for await (const { header } of readHeaders(folder, someFiles(folder))) {
      numLooks += 1;
      numDicom += Number(!(header instanceof Error));
    }
    return numDicom > numLooks / 2;
  },

  list: (folder, options) => listDicom(folder, folder.walk(), options),
};

/** Files that may be images, evenly from the first ones. */
function someFiles(folder: SourceFolder): string[] {
  const names = folder.walk().filter((path) => hasImageName(path) || !WORD_EXTENSION.test(path));
  const first = names.take(NUM_NAMES).toArray();
  const step = Math.max(first.length / NUM_LOOKS, 1);
  return Array.from({ length: Math.min(first.length, NUM_LOOKS) }, (_, i) => first[Math.floor(i * step)]!);
}
