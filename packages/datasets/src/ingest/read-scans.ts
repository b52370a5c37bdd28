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
  /** What DICOM instances the slices are, for segmentations that name them; one file has none. */
  readonly instances: readonly InstanceHeader[];
}

export interface ReadItem {
  readonly scans: readonly ReadScan[];
  readonly refused: readonly RefusedFile[];
  readonly content: string;
  readonly identity: Identity | undefined;
  /** The header says that writing is burned into the picture. */
  readonly burnedIn: boolean;
}

export async function readScans(item: SourceItem): Promise<ReadItem> {
  const [file, ...others] = item.files;
  const bytes = await readImageBytes(file!);
  if (others.length > 0) return readSeries(item, bytes);
  const content = shortHash(bytes);
  if (!isDicom(bytes, file!)) {
    const scan = applyReading(await decodeScan(bytes, file!), item.reading);
    return { scans: [{ ...scan, instances: [] }], refused: [], content, identity: undefined, burnedIn: false };
  }
  const dataset = parseDicom(bytes, file!);
  const header = instanceHeader(dataset, file!);
  const scan = applyReading(await scanOfDicom(dataset), item.reading);
  const { identity, burnedIn } = factsOf(header);
  return { scans: [{ ...scan, instances: [header] }], refused: [], content, identity, burnedIn };
}

/** Pixels are decoded as each file is read, so that a series is read once. */
async function readSeries(item: SourceItem, first: Uint8Array): Promise<ReadItem> {
  const refused: RefusedFile[] = [];
  const frames = new Map<string, { header: InstanceHeader; scan: Scan; hash: string }>();
  for (const [i, file] of item.files.entries()) {
    try {
      const bytes = i === 0 ? first : await readImageBytes(file);
      const dataset = parseDicom(bytes, file);
      const header = instanceHeader(dataset, file);
      frames.set(file, { header, scan: await scanOfDicom(dataset), hash: shortHash(bytes) });
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      refused.push({ file, code: error.code, reason: error.message });
    }
  }
  const volumes = groupInstances([...frames.values()].map(({ header }) => header));
  const scans: ReadScan[] = [];
  for (const volume of volumes) {
    const scan = await assembleVolume(volume, (file) => frames.get(file)!.scan);
    scans.push({ ...applyReading(scan, item.reading), instances: volume.instances });
  }
  if (scans.length === 0) {
    const { code, reason } = refused[0]!;
    throw new MedsslError(code, reason);
  }
  const { identity, burnedIn } = factsOf(scans[0]!.instances[0]!);
  const content = shortHash(...scans.flatMap(({ instances }) => instances.map(({ file }) => frames.get(file)!.hash)));
  return { scans, refused, content, identity, burnedIn };
}

export const isDicom = (bytes: Uint8Array, file: string): boolean => formatOf(bytes, file) === "dicom";

function factsOf(header: InstanceHeader): { identity: Identity; burnedIn: boolean } {
  const { patientId, issuer, studyUid, seriesUid, isBurnedIn } = header;
  const patient = patientId === undefined ? undefined : [issuer, patientId].filter(Boolean).join("/");
  return { identity: { patient, study: studyUid, series: seriesUid }, burnedIn: isBurnedIn };
}
