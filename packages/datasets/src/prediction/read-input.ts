/**
 * The first third of a prediction: an input's files to scans, turned for the eye. Runs in a worker thread: what goes in and
 * comes out is plain data.
 *
 * Refused   scans that the model did not learn from, and those that none of the wanted files can hold: each by itself, so
 *           that the others of a series go on.
 * Errors    those of reading.
 */
import { MedsslError, type SegmentationPlan } from "@medssl/contract";
import { checkScan, type ExpectedInput, type Scan, type SeriesVolume, showScan } from "@medssl/imaging";
import { readScans } from "../ingest/read-scans.ts";
import { movableBuffers } from "./movable-buffers.ts";
import { formatsOf, isNiftiName, type OutputFormat } from "./output-formats.ts";
import type { PredictionInput } from "./prediction-inputs.ts";
import type { DicomOrigin, SkippedInput } from "./prediction-report.ts";

export interface ReadJob {
  readonly input: Pick<PredictionInput, "file" | "name" | "files">;
  readonly expected: ExpectedInput & Pick<SegmentationPlan, "isAsStored">;
  /** Those that the user named. */
  readonly formats: readonly OutputFormat[] | undefined;
}

/** The grid that a scan has in its file. */
export type OwnGrid = Pick<Scan, "shape" | "affine" | "spacingMm">;

export interface ReadableScan {
  /** As the eye is used to it. */
  readonly shown: Scan;
  readonly own: OwnGrid;
  /** Which DICOM instances the slices are. */
  readonly volume: SeriesVolume | undefined;
  readonly dicom: DicomOrigin | undefined;
  readonly formats: readonly OutputFormat[];
  readonly warnings: readonly string[];
}

export interface ReadResult {
  readonly scans: readonly ReadableScan[];
  readonly refused: readonly SkippedInput[];
  readonly seconds: number;
}

export async function readInput({ input: { file, name, files }, expected, formats }: ReadJob): Promise<ReadResult> {
  const startMs = performance.now();
  const read = await readScans({ key: name, files }, false);
  const scans: ReadableScan[] = [];
  const refused: SkippedInput[] = [];
  // Files that a series had to do without.
  const lost = read.refused.map(({ reason }) => reason);
  for (const { scan, volume } of read.scans) {
    try {
      const doubts = checkScan(file, scan, expected);
      const { fitting, reason } = formatsOf(scan, volume, isNiftiName(file), formats);
      if (fitting.length === 0) throw new MedsslError("ERR_OUTPUT_FORMAT", `${file}: ${reason}`);
      const { shape, affine, spacingMm, modality } = scan;
      const [{ studyUid, seriesUid } = {}] = volume?.instances ?? [];
      const { shown, warnings } = showScan(scan, expected);
      scans.push({
        shown,
        own: { shape, affine, spacingMm },
        volume,
        dicom: volume && { modality, studyUid, seriesUid },
        formats: fitting,
        warnings: [
          ...(scan.warnings ?? []),
          ...doubts,
          ...warnings,
          ...lost.splice(0),
          ...(reason === undefined ? [] : [reason]),
        ],
      });
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      refused.push({ file, code: error.code, reason: error.message });
    }
  }
  return { scans, refused, seconds: (performance.now() - startMs) / 1000 };
}

/** Volumes are moved between threads, not copied. */
export function buffersOfScans({ scans }: ReadResult): ArrayBuffer[] {
  return movableBuffers(scans.map(({ shown }) => shown.data));
}
