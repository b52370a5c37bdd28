/**
 * A DICOM SEG of what was segmented: the file that PACS, viewers and other libraries take.
 *
 * Kinds       `binary`: a bit a pixel; `fractional`: probabilities, 255 for 1; `labelmap`: the newer object of Sup 243, which
 *             fewer programs read yet.
 * Sources     a series of slices or one multi-frame file, placed in the patient: the segmentation has the same places and
 *             frame of reference. Pictures without a place (films, photographs, ultrasound): it is tied to them pixel by
 *             pixel, and says nothing of space but a plane that viewers miss (segmentation-groups.ts).
 * Frames      one a segment and slice; slices that a segment is not on are left out. A segment that is nowhere has one empty
 *             frame, on the first slice, so that every segment that is described is found.
 * Patient     and study are the source's: `segmentation-source.ts`.
 * Units       labels and fractions are [D, H, W] on the volume's own grid.
 * Cost        one pass over the labels and one over what is marked; memory is the file's and nothing of its size beside.
 * Errors      `ERR_SEGMENTATION` where labels and segments contradict one another, `ERR_SEGMENTATION_SOURCE` where the source
 *             lacks what an object of its study must have.
 * Source      PS3.3 A.51, C.8.20, C.7.6.16, C.7.6.17; PS3.5 8.1.1 (bits).
 */

import { type DatasetValues, elementsOf } from "./attributes.ts";
import type { DicomDataset } from "./dataset.ts";
import { placeOf } from "./image-place.ts";
import { checkSegments, type SegmentationAlgorithm, segmentItems, type WrittenSegment } from "./segmentation-codes.ts";
import { frameGroups } from "./segmentation-groups.ts";
import { framesOfPixels, type SegmentationPixels } from "./segmentation-pixels.ts";
import { readSource } from "./segmentation-source.ts";
import { explicitLittleEndian, transferSyntaxes } from "./transfer-syntaxes.ts";
import { newUid } from "./uid.ts";
import type { SeriesVolume } from "./volume.ts";
import { writeDicomFile } from "./write-elements.ts";

export interface SegmentationOptions {
  /** What was segmented. */
  readonly volume: SeriesVolume;
  /** The header of one of the volume's files, as often as it is asked for. */
  readonly headerOf: (file: string) => DicomDataset;
  readonly pixels: SegmentationPixels;
  /** Numbered from 1 in this order. */
  readonly segments: readonly WrittenSegment[];
  /** The model that did it. */
  readonly algorithm: SegmentationAlgorithm;
  /** At most 64 characters. @default the algorithm's name and the source's description: "vit-s16 segmentation of Thorax 5.0 B31f" */
  readonly seriesDescription?: string | undefined;
  /** @default 1000 more than the source's */
  readonly seriesNumber?: number | undefined;
  /** Capitals, digits, `_` and blanks, at most 16. @default "SEGMENTATION" */
  readonly contentLabel?: string | undefined;
  /** @default the algorithm's name */
  readonly contentDescription?: string | undefined;
  /** A person's name in DICOM's form, `Family^Given`. @default empty */
  readonly contentCreator?: string | undefined;
  /** @default new ones; given, the same input makes the same file, if `date` is given too */
  readonly uids?: SegmentationUids | undefined;
  /** When it was made. @default now */
  readonly date?: Date | undefined;
}

export interface SegmentationUids {
  readonly series: string;
  readonly instance: string;
  /** Of what tells the frames apart. */
  readonly dimensions: string;
}

const sopClasses = {
  binary: "1.2.840.10008.5.1.4.1.1.66.4",
  fractional: "1.2.840.10008.5.1.4.1.1.66.4",
  labelmap: "1.2.840.10008.5.1.4.1.1.66.7",
} as const;

/**
 * Makes the file: Part 10, explicit VR little endian.
 *
 * @throws {MedsslError} `ERR_SEGMENTATION`, `ERR_SEGMENTATION_SOURCE`
 */
export function encodeSegmentation(options: SegmentationOptions): Uint8Array {
  const { volume, pixels, segments } = options;
  const { date = new Date(), uids = { series: newUid(), instance: newUid(), dimensions: newUid() } } = options;
  checkSegments(segments);
  const seriesDescription = options.seriesDescription ?? describedBySource(options);
  const isAscii = /^[ -~]*$/.test(textsOf({ ...options, seriesDescription }).join(""));
  const source = readSource(volume, options.headerOf, { isAscii });
  const frames = framesOfPixels(
    pixels,
    segments.map(({ value }) => value),
    volume.shape,
  );
  const sopClass = sopClasses[pixels.kind];
  const elements = [
    ...source.elements,
    ...elementsOf({
      SOPClassUID: sopClass,
      SOPInstanceUID: uids.instance,
      SeriesInstanceUID: uids.series,
      ...seriesAttributes({ ...options, seriesDescription }, source.seriesNumber),
      ...momentAttributes(date, source.timezone),
      ...imageAttributes(options),
      ...pixelAttributes(options, frames.list.length),
      SegmentSequence: segmentItems(segments, options.algorithm, pixels.kind),
      ...frameGroups(frames.list, volume, {
        ...{ dimensionsUid: uids.dimensions, places: source.places },
        pixelSizeMm: pixelSizeOf(options.headerOf(volume.instances[0]!.file)),
      }),
      PixelData: frames,
    }),
  ];
  const meta = { sopClass, sopInstance: uids.instance, transferSyntax: explicitLittleEndian };
  return writeDicomFile(meta, elements, transferSyntaxes.get(explicitLittleEndian)!);
}

function pixelSizeOf(header: DicomDataset): readonly [y: number, x: number] | undefined {
  const { spacingMm } = placeOf(header);
  return spacingMm && [spacingMm[1], spacingMm[2]];
}

/** All that is written in words of ours. */
function textsOf({ segments, algorithm, ...options }: SegmentationOptions): string[] {
  const { seriesDescription = "", contentDescription = "", contentCreator = "" } = options;
  const codes = segments.flatMap(({ category, type, modifiers }) => [category, type, ...modifiers]);
  return [
    ...[seriesDescription, contentDescription, contentCreator, algorithm.name, algorithm.version],
    ...segments.map(({ name }) => name),
    ...codes.flatMap((code) => [code.scheme, code.value, code.meaning]),
  ];
}

/** Of LO, in characters. */
const MAX_DESCRIPTION = 64;

/** By what it is told from the study's other series, segmentations by other models and of other series among them. */
function describedBySource({ volume, headerOf, algorithm, pixels: { kind } }: SegmentationOptions): string {
  const header = headerOf(volume.instances[0]!.file);
  const [modality, number] = [header.string("00080060") ?? "", header.number("00200011")];
  const numbered = number === undefined ? modality : `${modality} series ${number}`;
  const source = header.strings("0008103E").join(" ").trim() || numbered.trim();
  const made = kind === "fractional" ? "probabilities on" : "segmentation of";
  const words = source === "" ? made.split(" ")[0]! : `${made} `;
  // Where both are long, both are cut.
  const room = MAX_DESCRIPTION - words.length - 1;
  const name = cutTo(algorithm.name, Math.max(room - [...source].length, Math.floor(room / 2)));
  return `${name} ${words}${cutTo(source, room - [...name].length)}`.trim();
}

function cutTo(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 2).join("")}..`;
}

function seriesAttributes(
  { algorithm, seriesDescription, seriesNumber }: SegmentationOptions,
  sourceNumber = 0,
): DatasetValues {
  return {
    Modality: "SEG",
    SeriesNumber: seriesNumber ?? sourceNumber + 1000,
    SeriesDescription: seriesDescription,
    Manufacturer: "MedSSL-ViT",
    ManufacturerModelName: algorithm.name || "MedSSL-ViT",
    // Type 1, though software has none.
    DeviceSerialNumber: "none",
    SoftwareVersions: algorithm.version || "unknown",
  };
}

/** In the time zone of the study where it names one, else in this machine's. */
function momentAttributes(date: Date, timezone: string | undefined): DatasetValues {
  const minutes = timezone === undefined ? -date.getTimezoneOffset() : minutesOf(timezone);
  const local = new Date(date.getTime() + minutes * 60_000).toISOString();
  const day = local.slice(0, 10).replaceAll("-", "");
  const time = local.slice(11, 19).replaceAll(":", "");
  return {
    SeriesDate: day,
    SeriesTime: time,
    ContentDate: day,
    ContentTime: time,
    TimezoneOffsetFromUTC: timezone,
  };
}

function minutesOf(timezone: string): number {
  const minutes = Number(timezone.slice(1, 3)) * 60 + Number(timezone.slice(3));
  return timezone.startsWith("-") ? -minutes : minutes;
}

function imageAttributes(options: SegmentationOptions): DatasetValues {
  const {
    algorithm,
    contentLabel = "SEGMENTATION",
    contentDescription = algorithm.name,
    contentCreator = "",
  } = options;
  return {
    ImageType: ["DERIVED", "PRIMARY"],
    InstanceNumber: 1,
    ContentLabel: contentLabel
      .toUpperCase()
      .replace(/[^A-Z\d _]/g, "_")
      .slice(0, 16),
    ContentDescription: contentDescription,
    ContentCreatorName: contentCreator,
    // Labels hold no text, whatever is written in the image.
    BurnedInAnnotation: "NO",
  };
}

function pixelAttributes(
  { volume, pixels: { kind }, segments }: SegmentationOptions,
  numFrames: number,
): DatasetValues {
  const bits = kind === "binary" ? 1 : 8;
  const isFractional = kind === "fractional";
  return {
    Rows: volume.shape[1],
    Columns: volume.shape[2],
    NumberOfFrames: numFrames,
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    BitsAllocated: bits,
    BitsStored: bits,
    HighBit: bits - 1,
    PixelRepresentation: 0,
    PixelPaddingValue: kind === "labelmap" ? 0 : undefined,
    SegmentationType: kind.toUpperCase(),
    SegmentationFractionalType: isFractional ? "PROBABILITY" : undefined,
    MaximumFractionalValue: isFractional ? 255 : undefined,
    SegmentsOverlap: isFractional && segments.length > 1 ? "UNDEFINED" : "NO",
  };
}
