/**
 * DICOMDIR: the table of contents of a CD or an export, and whose files it names.
 *
 * Records   form a tree by byte offsets: patients, studies, series, then images and other files. Where offsets are wrong or
 *           missing, a file belongs to the patient, study and series that stand last before it.
 * Paths     with `/`, relative to the DICOMDIR's folder, as it spells them: in capitals, whatever the disk has. One that
 *           would lead out of the folder is left out, with a warning; so is a record that is marked as not in use.
 * Errors    `ERR_DICOMDIR` where it is none, and those of `parseDicom`.
 * Source    PS3.3 F.3, PS3.10 8.
 */

import { MedsslError } from "@medssl/contract";
import { type DicomDataset, parseDicom } from "./dataset.ts";

export interface DicomDirectory {
  readonly files: readonly DirectoryFile[];
  /** Sentences for a report. */
  readonly warnings: readonly string[];
}

export interface DirectoryFile {
  readonly path: string;
  /** IMAGE, SEG DOC, SR DOCUMENT, PRESENTATION, ... */
  readonly type: string;
  readonly patientId: string | undefined;
  readonly studyUid: string | undefined;
  readonly seriesUid: string | undefined;
  readonly instanceUid: string | undefined;
}

type Keys = Pick<DirectoryFile, "patientId" | "studyUid" | "seriesUid">;

const noKeys: Keys = { patientId: undefined, studyUid: undefined, seriesUid: undefined };

/**
 * @param name For messages: the file's.
 * @throws {MedsslError} see above
 */
export function readDicomdir(bytes: Uint8Array, name: string): DicomDirectory {
  const dataset = parseDicom(bytes, name);
  if (!dataset.has("00041220")) {
    throw new MedsslError("ERR_DICOMDIR", `${name}: expected a directory of DICOM files, got another DICOM file`, {
      hint: "A DICOMDIR lists other files; this is one itself.",
    });
  }
  const records = dataset.items("00041220");
  const keysOfRecord = keysByTree(dataset, records, bytes.byteOffset);
  let last = noKeys;
  const files: DirectoryFile[] = [];
  const outside: string[] = [];
  for (const record of records) {
    const keys = keysOfRecord.get(record) ?? ownKeys(record, last);
    last = keys;
    const path = record.strings("00041500").filter((part) => part !== "");
    if (path.length === 0 || record.number("00041410") === 0) continue;
    if (path.some((part) => part === "." || part === ".." || /[/\\:]/.test(part))) outside.push(path.join("/"));
    else files.push(fileOf(record, path.join("/"), keys));
  }
  const warnings = outside.map((path) => `${path}: leads out of the folder, left out`);
  return { files, warnings };
}

function fileOf(record: DicomDataset, path: string, keys: Keys): DirectoryFile {
  return { path, type: record.string("00041430") ?? "", ...keys, instanceUid: record.string("00041511") };
}

/** The keys of a record's parent, and what the record adds: a patient begins anew. */
function ownKeys(record: DicomDataset, parent: Keys): Keys {
  switch (record.string("00041430")) {
    case "PATIENT":
      return { ...noKeys, patientId: record.string("00100020") };
    case "STUDY":
      return { ...parent, studyUid: record.string("0020000D"), seriesUid: undefined };
    case "SERIES":
      return { ...parent, seriesUid: record.string("0020000E") };
    default:
      return parent;
  }
}

/** For the records that the offsets lead to, each once. */
function keysByTree(
  dataset: DicomDataset,
  records: readonly DicomDataset[],
  fileStart: number,
): ReadonlyMap<DicomDataset, Keys> {
  const recordAt = new Map(records.map((record) => [offsetOf(record) - fileStart, record]));
  const keysOfRecord = new Map<DicomDataset, Keys>();
  const pending = [{ offset: dataset.number("00041200") ?? 0, parent: noKeys }];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const record = recordAt.get(place.offset);
    if (record === undefined || keysOfRecord.has(record)) continue;
    const keys = ownKeys(record, place.parent);
    keysOfRecord.set(record, keys);
    pending.push({ offset: record.number("00041400") ?? 0, parent: place.parent });
    pending.push({ offset: record.number("00041420") ?? 0, parent: keys });
  }
  return keysOfRecord;
}

/** In the buffer: where the item begins, 8 bytes before its first element, whose header has 8 bytes itself. */
function offsetOf(record: DicomDataset): number {
  const [first] = record.tags();
  return first === undefined ? -1 : record.bytes(first)!.byteOffset - 16;
}
