/**
 * DICOM SEG: what structures somebody or something has drawn, frame by frame.
 *
 * Binary      one bit a pixel, the lowest first, frames without padding between them: unpacked frame by frame, since a whole
 *             body in a hundred segments has a hundred times the pixels of its scan.
 * Fractional  probabilities or occupancies, 0 to `maxValue`.
 * Labelmap    the values are numbers of segments.
 * Errors      `ERR_SEGMENTATION` where it is none or contradicts itself, `ERR_DICOM_CORRUPT`, and those of decoding.
 * Source      PS3.3 C.8.20, A.51; PS3.5 8.1.1 and D (bits).
 */

import { MedsslError } from "@medssl/contract";
import type { DicomDataset } from "./dataset.ts";
import { frameMacro } from "./functional-groups.ts";
import { type FrameHeader, instanceHeader } from "./instance-header.ts";
import { type PixelFormat, readPixelFormat } from "./pixel-format.ts";
import { decodeStoredFrames } from "./stored-frames.ts";
import { transferSyntaxes } from "./transfer-syntaxes.ts";

export interface DicomSegmentation {
  readonly name: string;
  readonly kind: "binary" | "fractional" | "labelmap";
  readonly rows: number;
  readonly columns: number;
  /** What a fraction of 1 is stored as; 1 elsewhere. */
  readonly maxValue: number;
  readonly segments: readonly Segment[];
  readonly frames: readonly SegmentationFrame[];
  /** [rows, columns] of a frame: 0 or 1, up to `maxValue`, or numbers of segments. */
  valuesOf(frame: number): Uint8Array | Uint16Array;
}

export interface Segment {
  /** From 1. */
  readonly number: number;
  readonly label: string;
  /** Such as liver, kidney, neoplasm. */
  readonly type: Code | undefined;
  /** What narrows the type down: left, right. */
  readonly modifiers: readonly Code[];
}

/** Of a coding scheme: SCT is SNOMED CT, SRT its predecessor. */
export interface Code {
  readonly scheme: string;
  readonly value: string;
  readonly meaning: string;
}

export interface SegmentationFrame {
  /** Undefined in a labelmap, where a frame has all. */
  readonly segment: number | undefined;
  readonly place: FrameHeader;
  /** The images that it was drawn on, pixel on pixel. */
  readonly sources: readonly SourceImage[];
}

export interface SourceImage {
  readonly instanceUid: string;
  /** From 0. */
  readonly frame: number;
}

const kinds = { BINARY: "binary", FRACTIONAL: "fractional", LABELMAP: "labelmap" } as const;

/** @throws {MedsslError} see above */
export async function readSegmentation(dataset: DicomDataset): Promise<DicomSegmentation> {
  const kind = kinds[dataset.string("00620001")?.toUpperCase() as keyof typeof kinds];
  if (!kind) {
    const got = dataset.string("00620001") ?? `modality ${dataset.string("00080060") ?? "unknown"}`;
    throw segmentationError(dataset, "a segmentation, BINARY, FRACTIONAL or LABELMAP", got);
  }
  if (dataset.string("00209311")?.toUpperCase().startsWith("TILED")) {
    throw segmentationError(dataset, "frames of whole images", "tiles of a slide");
  }
  const format = readPixelFormat(dataset);
  // A labelmap may count its background among them.
  const segments = dataset
    .items("00620002")
    .map(segmentOf)
    .filter(({ number }) => number > 0);
  return {
    name: dataset.name,
    kind,
    rows: format.rows,
    columns: format.columns,
    maxValue: kind === "fractional" ? (dataset.number("0062000E") ?? 255) : 1,
    segments,
    frames: framesOf(dataset, format, kind === "labelmap" ? undefined : segments),
    valuesOf: await frameReader(dataset, format),
  };
}

function segmentOf(item: DicomDataset, i: number): Segment {
  const type = item.items("0062000F")[0];
  // The standard has modifiers within the type; some programs write them beside it.
  const modifiers = [type, item].flatMap((place) => place?.items("00620011") ?? []);
  return {
    number: item.number("00620004") ?? i + 1,
    label: item.string("00620005") ?? "",
    type: codeOf(type),
    modifiers: modifiers.flatMap((modifier) => codeOf(modifier) ?? []),
  };
}

function codeOf(item: DicomDataset | undefined): Code | undefined {
  const value = item?.string("00080100") ?? item?.string("00080119") ?? item?.string("00080120");
  if (item === undefined || value === undefined) return undefined;
  return { scheme: item.string("00080102") ?? "", value, meaning: item.string("00080104") ?? "" };
}

/** @param segments Undefined in a labelmap. */
function framesOf(
  dataset: DicomDataset,
  { numFrames }: PixelFormat,
  segments: readonly Segment[] | undefined,
): SegmentationFrame[] {
  const numbers = new Set(segments?.map(({ number }) => number));
  const { frames: places } = instanceHeader(dataset, dataset.name);
  return Array.from({ length: numFrames }, (_, frame) => {
    const segment = segments && frameMacro(dataset, "0062000A", frame)?.number("0062000B");
    if (segments && !(segment !== undefined && numbers.has(segment))) {
      throw segmentationError(
        dataset,
        `frame ${frame + 1} to be of one of ${numbers.size} segments`,
        segment ?? "none",
      );
    }
    const place = places[places.length === 1 ? 0 : frame];
    if (!place) throw segmentationError(dataset, `places of ${numFrames} frames`, places.length);
    return { segment, place, sources: sourcesOf(frameMacro(dataset, "00089124", frame)) };
  });
}

function sourcesOf(derivation: DicomDataset | undefined): SourceImage[] {
  return (derivation?.items("00082112") ?? []).flatMap((source) => {
    const instanceUid = source.string("00081155");
    const isInPlace = source.string("0028135A")?.toUpperCase() !== "NO";
    return instanceUid && isInPlace ? [{ instanceUid, frame: (source.number("00081160") ?? 1) - 1 }] : [];
  });
}

async function frameReader(dataset: DicomDataset, format: PixelFormat): Promise<DicomSegmentation["valuesOf"]> {
  const size = format.rows * format.columns;
  const { codec } = transferSyntaxes.get(dataset.transferSyntax)!;
  const isPacked = format.bitsAllocated === 1 && codec === "native" && dataset.isLittleEndian(format.tag);
  if (isPacked) return packedReader(dataset, format);
  const { data } = await decodeStoredFrames(dataset);
  if (!(data instanceof Uint8Array || data instanceof Uint16Array) || format.samplesPerPixel !== 1) {
    throw segmentationError(dataset, "one unsigned value of 8 or 16 bits a pixel", `${format.bitsAllocated} bits`);
  }
  return (frame) => data.subarray(frame * size, (frame + 1) * size);
}

function packedReader(dataset: DicomDataset, { tag, rows, columns, numFrames }: PixelFormat) {
  const packed = dataset.bytes(tag)!;
  const size = rows * columns;
  const needed = Math.ceil((size * numFrames) / 8);
  if (packed.length < needed) throw segmentationError(dataset, `${needed} bytes of pixels`, packed.length);
  return (frame: number) => {
    const values = new Uint8Array(size);
    for (let i = 0, bit = frame * size; i < size; i++, bit++) values[i] = (packed[bit >>> 3]! >>> (bit & 7)) & 1;
    return values;
  };
}

function segmentationError(dataset: DicomDataset, expected: string, got: string | number): MedsslError {
  return new MedsslError("ERR_SEGMENTATION", `${dataset.name}: expected ${expected}, got ${got}`, {
    hint: "Give a DICOM SEG of whole slices, or leave the file out.",
  });
}
