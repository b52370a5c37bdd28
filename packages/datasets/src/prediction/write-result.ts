/**
 * The last third of a prediction: a label map to files, and what is counted of it. Runs in a worker thread.
 *
 * Whole     a file has its name once all of it is written.
 * Errors    `ERR_DISK_FULL` and `ERR_OUTPUT_WRITE`, which end the prediction. That a DICOM segmentation cannot be made is
 *           told beside the files that could be.
 */
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { MedsslError, type SegmentationPlan, type SegmentClass } from "@medssl/contract";
import {
  countLabels,
  type DicomDataset,
  encodeLabelPng,
  encodeNifti,
  encodePng,
  encodeSegmentation,
  onOwnGrid,
  replaceFile,
  type Scan,
  type SegmentationAlgorithm,
  type SegmentationPixels,
  type SeriesVolume,
} from "@medssl/imaging";
import { readFileHeader } from "../layouts/dicom-header.ts";
import { makeFolder } from "../make-folder.ts";
import { movableBuffers } from "./movable-buffers.ts";
import { type OutputFormat, type OutputKind, outputPath } from "./output-formats.ts";
import { drawOverlay, type OverlaySlices } from "./overlay-picture.ts";
import type { OwnGrid } from "./read-input.ts";
import { unevenVolumesMl } from "./uneven-slices.ts";

export interface WriteJob {
  readonly out: string;
  readonly name: string;
  readonly formats: readonly OutputFormat[];
  /** On the grid that was shown. */
  readonly labels: Uint8Array;
  /** Of label 1, 2, ...: where they are wanted. */
  readonly fractions: readonly Uint8Array[];
  readonly shown: Pick<Scan, "shape" | "affine">;
  readonly own: OwnGrid;
  readonly volume: SeriesVolume | undefined;
  readonly overlay: OverlaySlices | undefined;
  readonly channel: SegmentationPlan["slices"]["channel"];
  readonly classes: readonly SegmentClass[];
  readonly algorithm: SegmentationAlgorithm;
}

export interface WriteResult {
  readonly outputs: Readonly<Partial<Record<OutputKind, string>>>;
  /** Voxels of each class. */
  readonly counts: readonly number[];
  /** Of each class, where one voxel size would say it wrong. */
  readonly volumesMl: readonly number[] | undefined;
  /** What could not be written, and why. */
  readonly problems: readonly { readonly code: string; readonly reason: string }[];
  readonly seconds: number;
}

/** What a job gives away when it is sent to another thread. */
export const buffersOfResult = ({ labels, fractions, overlay }: WriteJob): ArrayBuffer[] =>
  movableBuffers([labels, ...fractions, ...(overlay?.slices.flatMap(({ data, labels }) => [data, labels]) ?? [])]);

/** A third of the time of the usual one for a tenth more bytes, of radiographs. */
const OVERLAY_COMPRESSION = 3;

export async function writeResult(job: WriteJob): Promise<WriteResult> {
  const startMs = performance.now();
  const { labels, shown, own, formats, overlay, classes } = job;
  const outputs: Partial<Record<OutputKind, string>> = {};
  const problems: { code: string; reason: string }[] = [];
  const mask = onOwnGrid(labels, shown, own);
  const write = (kind: OutputKind, bytes: Uint8Array) => {
    outputs[kind] = outputPath(kind, job.name);
    // The ledger knows how large it is.
    putFile(join(job.out, outputs[kind]), bytes, false);
  };
  for (const format of formats) {
    try {
      write(format, await encode(format, mask, job));
    } catch (error) {
      const isOfSource = error instanceof MedsslError && !["ERR_DISK_FULL", "ERR_OUTPUT_WRITE"].includes(error.code);
      if (!isOfSource) throw error;
      problems.push({ code: error.code, reason: `no ${format}: ${error.message}` });
    }
  }
  if (overlay !== undefined) write("overlay", await encodePng(drawOverlay(overlay, job.channel), OVERLAY_COMPRESSION));
  const histogram = countLabels(labels);
  const counts = classes.map(({ value }) => histogram[value]!);
  const volumesMl = unevenVolumesMl(
    mask,
    job.volume,
    classes.map(({ value }) => value),
  );
  return { outputs, counts, volumesMl, problems, seconds: (performance.now() - startMs) / 1000 };
}

async function encode(format: OutputFormat, mask: Scan<Uint8Array>, job: WriteJob): Promise<Uint8Array> {
  const [, height, width] = mask.shape;
  switch (format) {
    case "png":
      return encodeLabelPng({ width, height, channels: 1, data: mask.data });
    case "nifti":
      return gzipSync(encodeNifti(mask), { level: 1 });
    case "seg":
      return await segmentation(job, { kind: "binary", labels: mask.data });
    case "seg-fractional":
      return await segmentation(job, { kind: "fractional", fractions: fractionsOf(job) });
  }
}

const fractionsOf = ({ fractions, classes, shown, own }: WriteJob): Map<number, Uint8Array> =>
  new Map(classes.map(({ value }) => [value, onOwnGrid(fractions[value - 1]!, shown, own).data]));

async function segmentation({ volume, classes, algorithm }: WriteJob, pixels: SegmentationPixels): Promise<Uint8Array> {
  const headers = new Map<string, DicomDataset>();
  for (const { file } of volume!.instances) {
    const { header } = await readFileHeader(file);
    if (header instanceof MedsslError) throw header;
    headers.set(file, header);
  }
  return encodeSegmentation({
    volume: volume!,
    headerOf: (file) => headers.get(file)!,
    pixels,
    segments: classes,
    algorithm,
  });
}

/** @param isFlushed As in `replaceFile`. @throws {MedsslError} `ERR_DISK_FULL`, `ERR_OUTPUT_WRITE` */
export function putFile(path: string, content: string | Uint8Array, isFlushed = true): void {
  try {
    makeFolder(dirname(path));
    replaceFile(path, content, isFlushed);
  } catch (cause) {
    throw outputFailure(path, cause);
  }
}

/** What the system says about writing, in an error that survives the way between threads. */
export function outputFailure(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error && "code" in cause) || cause instanceof MedsslError) return cause;
  const { code, syscall, path: at = path } = cause as NodeJS.ErrnoException;
  const failure = (message: string, hint: string) => new MedsslError("ERR_OUTPUT_WRITE", message, { hint, cause });
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new MedsslError("ERR_DISK_FULL", `${at}: the disk is full`, {
        hint: "Free some space and run the same command again: it goes on where it stopped.",
        cause,
      });
    case "EEXIST":
    case "ENOTDIR":
      return failure(
        `${code === "EEXIST" ? at : dirname(at)}: a file stands where a folder is needed`,
        "Give another --out, or move the file away.",
      );
    case "EROFS":
      return failure(
        `${at}: cannot be written: the file system is read-only`,
        "Give another --out, or mount it so that it can be written.",
      );
    case "EACCES":
    case "EPERM":
      return failure(
        `${at}: cannot be written: no permission`,
        "Give another --out, or change the folder's permissions.",
      );
  }
  if (code === "ENOENT" && syscall === "mkdir") {
    return failure(`${at}: cannot be made: this file system takes no new folders`, "Give another --out.");
  }
  return failure(`${at}: cannot be written (${cause.message})`, "Give another --out.");
}
