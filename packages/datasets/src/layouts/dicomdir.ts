/**
 * DICOM files with the directory that CDs and exports carry: `DICOMDIR` says which files belong to it.
 *
 * Listed    the files that it names, series by series (dicom-series.ts). Names are compared without regard to case.
 * Said      which of them are missing, and how many DICOM files lie here that it does not name.
 * Damaged   a directory that cannot be read lists nothing: then all DICOM files count, with a note.
 * Source    PS3.3 annex F, PS3.10 section 8.
 */

import { readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type DicomDirectory, readDicomdir } from "@medssl/imaging";
import { readHeaders } from "./dicom-header.ts";
import { DIRECTORY_RECORDS, listDicom } from "./dicom-series.ts";
import { dicomTree } from "./dicom-tree.ts";
import type { Layout } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

export const dicomDir: Layout = {
  name: "dicomdir",
  title: "DICOM files with a DICOMDIR",
  patientSpace: "own",
  isPublished: false,

  recognize: (folder) => directoryOf(folder) !== undefined,

  async *list(folder, options) {
    const directory = readDirectory(folder);
    if (directory instanceof MedsslError) {
      yield { note: `the DICOMDIR cannot be read (${directory.code}): all DICOM files are listed` };
      yield* dicomTree.list(folder, options);
      return;
    }
    for (const note of directory.warnings) yield { note };
    const listed = new Set<string>();
    let numMissing = 0;
    for (const file of directory.files) {
      const path = resolveName(folder, file.path.split("/"));
      if (path === undefined) numMissing += 1;
      else listed.add(path);
    }
    yield* listDicom(folder, listed, options);
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

function readDirectory(folder: SourceFolder): DicomDirectory | MedsslError {
  const path = folder.at(directoryOf(folder) ?? "DICOMDIR");
  try {
    return readDicomdir(readFileSync(path), path);
  } catch (error) {
    if (error instanceof MedsslError) return error;
    throw error;
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
