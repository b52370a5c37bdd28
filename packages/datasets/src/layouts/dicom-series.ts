/**
 * DICOM files to items: the slices of a series as volumes, every other image by itself, segmentations as the masks of the
 * series that they were drawn on.
 *
 * Keys      are made of UIDs, never of names of files or people.
 * Volumes   a series of several (directions, echoes, phases) is one item each.
 * Broken    DICOM files without a readable header, or with half of one, are items too, so that they are quarantined with
 *           the reason.
 * Left out  and counted: objects without an image, files that are no DICOM, copies, masks of series that are not here, and,
 *           unless they are asked for, masks that a program made and nobody corrected.
 * Patients  by patient number. Without a number, a study counts as a patient.
 */

import { createHash } from "node:crypto";
import { MedsslError } from "@medssl/contract";
import { groupInstances, type InstanceHeader, instanceHeader } from "@medssl/imaging";
import { type ReadHeader, readHeaders } from "./dicom-header.ts";
import { DicomIndex } from "./dicom-index.ts";
import { imageFacts, kindOf, patientOf } from "./dicom-object.ts";
import type { ListOptions, SourceEntry, SourceItem, SourceNote } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

/** Only a DICOMDIR has them. */
export const DIRECTORY_RECORDS = "00041220";
/** Endings that only DICOM files have: with one of them, a file is a broken DICOM file rather than none. */
const DICOM_NAME = /\.(?:dcm|dicom|ima)$/i;

/** @param paths Below the folder. */
export async function* listDicom(
  folder: SourceFolder,
  paths: Iterable<string>,
  { takesAutomaticMasks = false }: Pick<ListOptions, "takesAutomaticMasks"> = {},
): AsyncGenerator<SourceEntry> {
  using index = new DicomIndex(takesAutomaticMasks);
  yield { note: "by the patient numbers in the files", topic: "patients" };
  let [numForeign, numDirectories] = [0, 0];
  let foreign: string | undefined;
  for await (const read of readHeaders(folder, paths)) {
    const { path } = read;
    const problem = addTo(index, folder, read);
    if (problem === "directory") numDirectories += 1;
    else if (problem === "foreign" && !DICOM_NAME.test(path)) {
      numForeign += 1;
      foreign ??= folder.at(path);
    } else if (problem !== undefined) {
      yield {
        files: [folder.at(path)],
        key: `unreadable/${createHash("sha256").update(path).digest("hex").slice(0, 16)}`,
      };
    }
  }
  const people = new People();
  let numAttached = 0;
  for (const series of index.series()) {
    const masks = index.masksOf(series[0]!);
    numAttached += masks.length;
    people.add(series[0]!);
    yield* itemsOf(series, masks);
  }
  const others = index.count("other").map(({ modality, count }) => `${count} ${modality}`);
  if (numDirectories > 0) others.push(`${numDirectories} DICOMDIR`);
  if (others.length > 0) yield { note: `objects without an image were left out: ${others.join(", ")}` };
  if (numForeign > 0) yield { note: `${numForeign} files are no DICOM and were left out`, example: foreign };
  if (index.numCopies > 0) yield { note: `${index.numCopies} files are copies of others and were left out` };
  const numMasks = index.count("mask").reduce((sum, { count }) => sum + count, 0);
  const numAutomatic = index.count("automatic mask").reduce((sum, { count }) => sum + count, 0);
  if (numAutomatic > 0) {
    yield {
      note: `${numAutomatic} segmentations were made by a program alone, such as a model's own predictions, and were left out as masks; --automatic-masks takes them`,
    };
  }
  if (numMasks > numAttached) {
    yield { note: `${numMasks - numAttached} segmentations belong to series that are not here` };
  }
  yield* people.notes();
}

/** Why the file is not in the index; undefined when it is. */
function addTo(
  index: DicomIndex,
  folder: SourceFolder,
  { path, sizeBytes, header }: ReadHeader,
): "directory" | "foreign" | "broken" | undefined {
  if (header instanceof MedsslError) return header.code === "ERR_DICOM_FORMAT" ? "foreign" : "broken";
  if (header.has(DIRECTORY_RECORDS)) return "directory";
  try {
    const instance = instanceHeader(header, folder.at(path));
    if (kindOf(instance) === "broken") return "broken";
    index.add(instance, header.transferSyntax, sizeBytes);
    return undefined;
  } catch (error) {
    // Sequences are only walked when they are asked for.
    if (error instanceof MedsslError) return "broken";
    throw error;
  }
}

function* itemsOf(series: readonly InstanceHeader[], masks: readonly InstanceHeader[]): Generator<SourceItem> {
  const groups = groupsOf(series);
  const numOfKey = new Map<string, number>();
  for (const [i, { instances, isVolume }] of groups.entries()) {
    const [first] = instances as [InstanceHeader];
    const { studyUid: study, seriesUid, instanceUid } = first;
    const isWholeSeries = groups.length === 1 && isVolume;
    const uids = [study, seriesUid, ...(isWholeSeries ? [] : [instanceUid])].filter(Boolean);
    const key = uids.length > 0 ? uids.join("/") : "no-uid";
    const number = (numOfKey.get(key) ?? 0) + 1;
    numOfKey.set(key, number);
    yield {
      files: instances.map(({ file }) => file),
      key: number > 1 ? `${key}/${number}` : key,
      masks: masks.filter((mask) => placeOf(mask, groups) === i).map(({ file }) => ({ file })),
      patient: patientOf(first),
      study,
      series: seriesUid,
      ...imageFacts(first),
    };
  }
}

interface Group {
  /** In the volume's order; each file once. */
  readonly instances: readonly InstanceHeader[];
  readonly isVolume: boolean;
}

/**
 * What belongs together. A file of many frames may hold several volumes and is listed once; images that a volume has no
 * place for, since another one is there already, are put together among themselves.
 */
function groupsOf(series: readonly InstanceHeader[]): Group[] {
  const groups: Group[] = [];
  let rest = series;
  while (rest.length > 0) {
    const listed = new Set<string>();
    for (const { kind, instances } of groupInstances(rest)) {
      const fresh = instances.filter(({ file }) => !listed.has(file));
      for (const { file } of fresh) listed.add(file);
      if (fresh.length > 0) groups.push({ instances: fresh, isVolume: kind === "volume" });
    }
    rest = rest.filter(({ file }) => !listed.has(file));
  }
  return groups;
}

/** Which group of the series a segmentation was drawn on; the first where it does not say. */
function placeOf({ references: [reference] }: InstanceHeader, groups: readonly Group[]): number {
  const named = new Set(reference?.instanceUids);
  const found = groups.findIndex(({ instances }) => instances.some(({ instanceUid }) => named.has(instanceUid ?? "")));
  return Math.max(found, 0);
}

/** Whether the numbers of patients can be believed. */
class People {
  #numStudies = 0;
  #numWithoutNumber = 0;
  #lastStudy: string | undefined;
  /** Two are enough to know that they differ. */
  readonly #patients = new Set<string | undefined>();

  /** @param series One of its instances; the series of a study come one after another. */
  add(series: InstanceHeader): void {
    this.#numStudies += Number(series.studyUid !== this.#lastStudy);
    this.#lastStudy = series.studyUid;
    this.#numWithoutNumber += Number(series.patientId === undefined);
    if (this.#patients.size < 2) this.#patients.add(patientOf(series));
  }

  *notes(): Generator<SourceNote> {
    if (this.#numWithoutNumber > 0) {
      const note = `${this.#numWithoutNumber} series have no patient number: a study counts as a patient`;
      yield { note, topic: "patient numbers" };
    }
    if (this.#patients.size === 1 && this.#numStudies > 3) {
      const note = `all ${this.#numStudies} studies have one patient number: did it come from an anonymiser?`;
      yield { note, topic: "patient numbers" };
    }
  }
}
