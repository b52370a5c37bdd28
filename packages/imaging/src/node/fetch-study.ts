/**
 * A study from an archive into a folder: STUDY/SERIES/INSTANCE.dcm, by their UIDs.
 *
 * Again     what lies there is not fetched again. A file has its final name only when it is whole on the disk.
 * Left out  series without images: reports, presentation states, plans, ... Segmentations are asked for.
 * Broken    instances that the archive cannot give are listed; the others go on.
 * Privacy   the files name their patients: only the user who runs this may read them.
 * Errors    those of the client, and the system's of writing files.
 */

import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { checkedUid } from "../dicomweb/pacs-address.ts";
import type { FoundSeries, PacsClient } from "../dicomweb/pacs-client.ts";

export interface StudyRequest {
  readonly studyUid: string;
  /** @default all that hold images */
  readonly seriesUids?: readonly string[] | undefined;
}

export interface FetchStudyOptions {
  /** Which of the study's series are wanted, where none are named. @default those with images: `hasImages` */
  readonly wants?: (series: FoundSeries) => boolean;
  readonly onFile?: (path: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedStudy {
  /** Whole files, those that were there before among them. */
  readonly files: readonly string[];
  readonly numFetched: number;
  /** Series that were left out, with their modality. */
  readonly leftOut: readonly FoundSeries[];
  /** Instances that could not be had. */
  readonly failures: readonly { readonly instanceUid: string; readonly reason: string }[];
}

/** Modalities (PS3.16 CID 29) of objects without images, or with none to learn from. */
const NO_IMAGES = new Set(
  "ANN AR ASMT AU DOC ECG EEG EMG EOG EPS FID HC HD IOL KER KO LEN LS M3D OAM OSS PLAN POS PR REG RESP RTDOSE RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SMR SR SRF STAIN TEXTUREMAP VA".split(
    " ",
  ),
);

/** Whether a series may hold images; one whose modality is not told may. */
export const hasImages = ({ modality = "" }: Pick<FoundSeries, "modality">): boolean => !NO_IMAGES.has(modality);

/** @throws {MedsslError} `ERR_PACS_*` where the archive as a whole cannot be used; the signal's reason when it stops. */
export async function fetchStudy(
  client: PacsClient,
  { studyUid, seriesUids }: StudyRequest,
  folder: string,
  { wants = hasImages, onFile, signal }: FetchStudyOptions = {},
): Promise<FetchedStudy> {
  const files: string[] = [];
  const leftOut: FoundSeries[] = [];
  const failures: { instanceUid: string; reason: string }[] = [];
  const missing = new Set(seriesUids ?? ["any"]);
  let numFetched = 0;
  for await (const series of client.findSeries(studyUid, {}, { signal })) {
    const { seriesUid } = series;
    missing.delete(seriesUids === undefined ? "any" : seriesUid);
    if (!(seriesUids === undefined ? wants(series) : seriesUids.includes(seriesUid))) {
      leftOut.push(series);
      continue;
    }
    const place = join(folder, checkedUid(studyUid), checkedUid(seriesUid));
    await mkdir(place, { recursive: true, mode: 0o700 });
    const there = (await readdir(place)).filter((name) => name.endsWith(END) && !name.startsWith("."));
    files.push(...there.map((name) => join(place, name)));
    const known = new Set(there.map((name) => name.slice(0, -END.length)));
    const onMissing = (instanceUid: string, { message }: Error) => failures.push({ instanceUid, reason: message });
    for await (const { instanceUid, bytes } of client.retrieveSeries(series, { known, onMissing, signal })) {
      const path = join(place, `${checkedUid(instanceUid)}${END}`);
      await writeWhole(path, join(place, `.${instanceUid}.part`), bytes);
      files.push(path);
      numFetched += 1;
      onFile?.(path);
    }
  }
  const [none] = missing;
  if (none !== undefined) throw notThere(client.address, studyUid, none);
  return { files: files.sort(), numFetched, leftOut, failures };
}

const END = ".dcm";

function notThere(address: string, studyUid: string, seriesUid: string): MedsslError {
  const what = seriesUid === "any" ? `study ${studyUid}` : `series ${seriesUid} in study ${studyUid}`;
  return new MedsslError(
    "ERR_PACS_NOT_FOUND",
    `${address}: the archive has no ${what}, or does not show it to this user`,
    {
      hint: "Check the UID.",
    },
  );
}

async function writeWhole(path: string, temporary: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(temporary, bytes, { mode: 0o600, flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
