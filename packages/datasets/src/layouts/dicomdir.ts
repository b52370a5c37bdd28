/**
 * DICOM files with the directory that CDs and exports carry: `DICOMDIR` says which files belong to it.
 *
 * Listed    the files that it names, series by series (dicom-series.ts). Names are compared without regard to case.
 * Said      which of them are missing, and how many DICOM files lie here that it does not name.
 * Damaged   a directory that cannot be read lists nothing: then all DICOM files count, with a note.
 * Source    PS3.3 annex F, PS3.10 section 8.
 */

import type { DicomDataset } from "@medssl/imaging";
import { readHeader, readHeaders } from "./dicom-header.ts";
import { DIRECTORY_RECORDS, listDicom } from "./dicom-series.ts";
import { dicomTree } from "./dicom-tree.ts";
import type { Layout } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

export const dicomDir: Layout = {
  name: "dicomdir",
  title: "DICOM files with a DICOMDIR",
  isPublished: false,

  recognize: (folder) => directoryOf(folder) !== undefined,

  async *list(folder) {
    const { header } = await readHeader(folder, directoryOf(folder) ?? "DICOMDIR");
    if (header instanceof Error) {
      yield { note: `the DICOMDIR cannot be read (${header.code}): all DICOM files are listed` };
      yield* dicomTree.list(folder);
      return;
    }
    const listed = new Set<string>();
    let numMissing = 0;
    for (const parts of namedFiles(header)) {
      const path = resolveName(folder, parts);
      if (path === undefined) numMissing += 1;
      else listed.add(path);
    }
    yield* listDicom(folder, listed);
    if (numMissing > 0) yield { note: `${numMissing} files that the DICOMDIR names are missing` };
    let numBeside = 0;
    for await (const { header: other } of readHeaders(
      folder,
      folder.walk().filter((path) => !listed.has(path)),
    )) {
      if (!(other instanceof Error) && !other.has(DIRECTORY_RECORDS)) numBeside += 1;
    }
    if (numBeside > 0) {
      yield {
        note: `${numBeside} DICOM files are not in the DICOMDIR and were left out; --layout dicom-tree takes all`,
      };
    }
  },
};

function directoryOf(folder: SourceFolder): string | undefined {
  return folder.names().find((name) => name.toUpperCase() === "DICOMDIR");
}

/** The names of the files, folder by folder. */
function* namedFiles(directory: DicomDataset): Generator<readonly string[]> {
  for (const record of directory.items(DIRECTORY_RECORDS)) {
    const parts = record.strings("00041500");
    if (parts.length > 0) yield parts;
  }
}

function resolveName(folder: SourceFolder, parts: readonly string[]): string | undefined {
  const exact = parts.join("/");
  if (!parts.includes("..") && folder.has(exact)) return exact;
  let path = "";
  for (const part of parts) {
    const name = folder.names(path).find((one) => one.toUpperCase() === part.toUpperCase());
    if (name === undefined) return undefined;
    path = path === "" ? name : `${path}/${name}`;
  }
  return path;
}
