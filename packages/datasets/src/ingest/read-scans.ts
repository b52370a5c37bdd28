/**
 * The files of an item to scans: one file, or the instances of a DICOM series, which become one or several volumes.
 *
 * Content    what the files hold, whatever they are called: a hash of their bytes in the volumes' order.
 * Identity   whose image it is, where DICOM headers say it; hashed before it goes anywhere.
 * Reading    what the layout knows better than the file is applied here: offset, inversion, voxel size, borders.
 * Errors     those of reading. In a series, a file that cannot be read is refused by itself.
 */

import { MedsslError } from "@medssl/contract";
import {
  assembleVolume,
  decodeScan,
  formatOf,
  groupInstances,
  type InstanceHeader,
  instanceHeader,
  parseDicom,
  readImageBytes,
  type Scan,
  type SeriesVolume,
  scanOfDicom,
} from "@medssl/imaging";
import type { SourceItem } from "../layouts/layout.ts";
import { shortHash } from "../private/pseudonyms.ts";
import { applyReading, type UnderstoodScan } from "./apply-reading.ts";

export interface Identity {
  readonly patient: string | undefined;
  readonly study: string | undefined;
  readonly series: string | undefined;
}

export interface RefusedFile {
  readonly file: string;
  readonly code: string;
  readonly reason: string;
}

export interface ReadScan extends UnderstoodScan {
  /** Which DICOM instances the slices are, for segmentations that name them. */
  readonly volume: SeriesVolume | undefined;
}

export interface ReadItem {
  readonly scans: readonly ReadScan[];
  readonly refused: readonly RefusedFile[];
  /** Empty where it was not asked for. */
  readonly content: string;
  readonly identity: Identity | undefined;
  /** The header says that writing is burned into the picture. */
  readonly burnedIn: boolean;
}

/** @param isHashed Whether the content's hash is wanted. */
export async function readScans(item: SourceItem, isHashed = true): Promise<ReadItem> {
  const file = item.files[0]!;
  const bytes = await readImageBytes(file);
  if (item.files.length > 1 || isDicom(bytes, file)) return readSeries(item, bytes, isHashed);
  const read = applyReading(await decodeScan(bytes, file), item.reading);
  return {
    scans: [{ ...read, volume: undefined }],
    refused: [],
    content: isHashed ? shortHash(bytes) : "",
    identity: undefined,
    burnedIn: false,
  };
}

export const isDicom = (bytes: Uint8Array, file: string): boolean => formatOf(bytes, file) === "dicom";

interface ReadInstance {
  readonly header: InstanceHeader;
  readonly hash: string;
}

/** Pixels are decoded as each file is read, so that a series is read once. */
async function readSeries(
  { files, reading }: SourceItem,
  firstBytes: Uint8Array,
  isHashed: boolean,
): Promise<ReadItem> {
  const instances = new Map<string, ReadInstance>();
  const decoded = new Map<string, Scan>();
  const refused: RefusedFile[] = [];
  for (const [i, file] of files.entries()) {
    try {
      const bytes = i === 0 ? firstBytes : await readImageBytes(file);
      const { scan, ...instance } = await readInstance(bytes, file, isHashed);
      instances.set(file, instance);
      decoded.set(file, scan);
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      // Of a single file, nothing is left to go on with.
      if (files.length === 1) throw error;
      refused.push({ file, code: error.code, reason: error.message });
    }
  }
  const volumes = groupInstances([...instances.values()].map(({ header }) => header));
  for (const { file, reason } of volumes.flatMap(({ leftOut }) => leftOut)) {
    refused.push({ file, code: "ERR_DICOM_COPY", reason: `${file}: left out: ${reason}` });
  }
  const scans: ReadScan[] = [];
  for (const volume of volumes) {
    const scan = await assembleVolume(volume, (file) => take(decoded, file));
    scans.push({ ...applyReading(scan, reading), volume });
  }
  if (scans.length === 0) {
    const { code, reason } = refused[0]!;
    throw new MedsslError(code, reason);
  }
  const used = volumes.flatMap((volume) => volume.instances);
  const { patientId, studyUid, seriesUid } = used[0]!;
  return {
    scans,
    refused,
    content: isHashed ? shortHash(...used.map(({ file }) => instances.get(file)!.hash)) : "",
    identity: { patient: patientId, study: studyUid, series: seriesUid },
    burnedIn: used.some(({ isBurnedIn }) => isBurnedIn),
  };
}

/** A slice goes into one volume and is let go, so that memory does not hold a series twice; frames go into several. */
function take(decoded: Map<string, Scan>, file: string): Scan {
  const scan = decoded.get(file)!;
  if (scan.shape[0] === 1) decoded.delete(file);
  return scan;
}

async function readInstance(
  bytes: Uint8Array,
  file: string,
  isHashed: boolean,
): Promise<ReadInstance & { readonly scan: Scan }> {
  // Before pixels are changed in place.
  const hash = isHashed ? shortHash(bytes) : "";
  const dataset = parseDicom(bytes, file);
  return { header: instanceHeader(dataset, file), scan: await scanOfDicom(dataset), hash };
}
