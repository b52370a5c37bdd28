/**
 * What the header of a DICOM instance says about its place: in an archive, in a series, in space. Plain data, to be sent
 * between threads; no name, birth date or free text is in it.
 *
 * Units     millimetres, in DICOM's own LPS+ axes.
 * Frames    an enhanced multi-frame object places each of its frames: one entry each. Elsewhere one entry says what holds
 *           for all frames.
 * Marks     what may tell two images of the same place apart: echoes, phases, b values, times. Only compared, never read.
 * Source    PS3.3 C.7.6.2 (plane), C.7.6.16 (functional groups), C.8.4.15 (NM), C.8.8.3 (dose), C.8.20 (segmentations).
 */

import { addScaled, cross, dot, norm, normalized } from "../geometry/vectors.ts";
import type { Vec3 } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";

export interface InstanceHeader {
  /** As the caller names it. */
  readonly file: string;
  readonly patientId: string | undefined;
  readonly studyUid: string | undefined;
  readonly seriesUid: string | undefined;
  readonly instanceUid: string | undefined;
  readonly sopClass: string | undefined;
  readonly frameOfReferenceUid: string | undefined;
  readonly modality: string | undefined;
  /** ORIGINAL or DERIVED, PRIMARY or SECONDARY, then what the modality adds: AXIAL, LOCALIZER, ... */
  readonly imageType: readonly string[];
  /** Pixels, or, in a header that was read without them, their description. */
  readonly hasPixels: boolean;
  /** 0 where the header does not say. */
  readonly rows: number;
  readonly columns: number;
  readonly numFrames: number;
  readonly samplesPerPixel: number;
  readonly instanceNumber: number | undefined;
  /** PA, AP, LL, CC, MLO, ... */
  readonly viewPosition: string | undefined;
  /** The header says that text is in the pixels. */
  readonly isBurnedIn: boolean;
  readonly frames: readonly FrameHeader[];
  /** What a segmentation was drawn on; empty for images. */
  readonly references: readonly SeriesReference[];
  /** Whether a program made all segments of a segmentation, and nobody corrected them, as its header has it. */
  readonly isAutomatic: boolean;
}

export interface FrameHeader {
  /** Center of the first pixel. */
  readonly positionMm: Vec3 | undefined;
  /** Unit vectors along a row and down a column. */
  readonly directions: readonly [row: Vec3, column: Vec3] | undefined;
  /** Between rows and between columns, in the patient; undefined for a projection. */
  readonly spacingMm: readonly [y: number, x: number] | undefined;
  readonly thicknessMm: number | undefined;
  /** By name, in the order in which they are worth comparing. */
  readonly marks: Readonly<Record<string, string>>;
}

export interface SeriesReference {
  readonly seriesUid: string;
  readonly instanceUids: readonly string[];
}

/** @param file What the caller knows the instance by. */
export function instanceHeader(dataset: DicomDataset, file: string): InstanceHeader {
  const text = (tag: string) => dataset.string(tag);
  return {
    file,
    patientId: text("00100020"),
    studyUid: text("0020000D"),
    seriesUid: text("0020000E"),
    instanceUid: text("00080018"),
    sopClass: text("00080016"),
    frameOfReferenceUid: text("00200052"),
    modality: text("00080060")?.toUpperCase(),
    imageType: dataset.strings("00080008").map((word) => word.toUpperCase()),
    hasPixels: ["7FE00010", "7FE00008", "7FE00009"].some((tag) => dataset.has(tag)) || describesPixels(dataset),
    rows: dataset.number("00280010") ?? 0,
    columns: dataset.number("00280011") ?? 0,
    numFrames: Math.max(dataset.number("00280008") ?? 1, 1),
    samplesPerPixel: dataset.number("00280002") ?? 1,
    instanceNumber: dataset.number("00200013"),
    viewPosition: text("00185101")?.toUpperCase() ?? dataset.items("00540220")[0]?.string("00080104")?.toUpperCase(),
    isBurnedIn: text("00280301")?.toUpperCase() === "YES",
    frames: frameHeaders(dataset),
    references: dataset.items("00081115").flatMap(seriesReference),
    isAutomatic: hasOnlyAutomaticSegments(dataset),
  };
}

/** A labelmap may count its background among them, which nobody makes. */
function hasOnlyAutomaticSegments(dataset: DicomDataset): boolean {
  const segments = dataset.items("00620002").filter((segment) => segment.number("00620004") !== 0);
  return segments.length > 0 && segments.every((segment) => segment.string("00620008")?.toUpperCase() === "AUTOMATIC");
}

/** A header that was read without what follows it. */
function describesPixels(dataset: DicomDataset): boolean {
  return ["00280010", "00280011", "00280100"].every((tag) => dataset.number(tag) !== undefined);
}

/** Of a stack: more than any scanner writes. */
const MAX_FRAMES = 2 ** 16;

function frameHeaders(dataset: DicomDataset): FrameHeader[] {
  const shared = dataset.items("52009229")[0];
  const perFrame = dataset.items("52009230");
  if (perFrame.length > 0) return perFrame.map((frame) => functionalGroupHeader([frame, shared], dataset));
  const offsets = frameOffsets(dataset);
  const detector = dataset.items("00540022")[0];
  const single = planeHeader(dataset, { position: detector ?? dataset, orientation: detector ?? dataset });
  const { positionMm: first, directions } = single;
  if (!first || !directions || !offsets) return [single];
  const normal = cross(...directions);
  return offsets.map((offset) => ({ ...single, positionMm: addScaled(first, normal, offset) }));
}

/** Where the frames of a dose grid or a reconstructed emission scan lie along the normal, from the first. */
function frameOffsets(dataset: DicomDataset): number[] | undefined {
  const offsets = dataset.numbers("3004000C");
  if (offsets.length > 1) return offsets.map((offset) => offset - offsets[0]!);
  const step = dataset.number("00180088") ?? dataset.number("00180050");
  const isStack = dataset.strings("00080008").some((word) => word.toUpperCase() === "RECON TOMO");
  const numFrames = dataset.number("00280008") ?? 1;
  // More frames than that are a damaged header, which reading the pixels refuses.
  if (!isStack || !step || numFrames > MAX_FRAMES) return undefined;
  return Array.from({ length: numFrames }, (_, frame) => frame * step);
}

/** A frame of an enhanced object; what is not said of the frame is said of all. */
function functionalGroupHeader(groups: readonly (DicomDataset | undefined)[], dataset: DicomDataset): FrameHeader {
  const macro = (tag: string) => groups.map((group) => group?.items(tag)[0]).find((item) => item !== undefined);
  const measures = macro("00289110");
  const plane = planeHeader(measures ?? dataset, { position: macro("00209113"), orientation: macro("00209116") });
  const marks = frameMarks.map(([name, sequence, tag]) => [name, macro(sequence)?.strings(tag).join("\\")] as const);
  return { ...plane, marks: present(marks) };
}

function planeHeader(
  measures: DicomDataset,
  { position, orientation }: Readonly<Record<"position" | "orientation", DicomDataset | undefined>>,
): FrameHeader {
  const place = finite(position?.numbers("00200032"), 3);
  const cosines = finite(orientation?.numbers("00200037"), 6);
  const spacing = finite(measures.numbers("00280030"), 2);
  const thickness = measures.number("00180050");
  return {
    positionMm: place as Vec3 | undefined,
    directions: cosines && unitDirections(cosines),
    spacingMm: spacing?.every((size) => size > 0) ? (spacing as unknown as readonly [number, number]) : undefined,
    thicknessMm: thickness && thickness > 0 ? thickness : undefined,
    marks: present(instanceMarks.map(([name, tag]) => [name, measures.strings(tag).join("\\")] as const)),
  };
}

/** The first numbers, where there are so many and all are some. */
function finite(numbers: readonly number[] | undefined, count: number): readonly number[] | undefined {
  if (!numbers || numbers.length < count) return undefined;
  const first = numbers.slice(0, count);
  return first.every(Number.isFinite) ? first : undefined;
}

/** Undefined where the two do not span a plane, or a header wrote something else than directions. */
function unitDirections([a, b, c, d, e, f]: readonly number[]): readonly [Vec3, Vec3] | undefined {
  const [row, column]: [Vec3, Vec3] = [
    [a!, b!, c!],
    [d!, e!, f!],
  ];
  const isUnit = [row, column].every((direction) => Math.abs(norm(direction) - 1) < 0.01);
  const isSquare = Math.abs(dot(row, column)) < 0.01;
  return isUnit && isSquare ? [normalized(row), normalized(column)] : undefined;
}

function seriesReference(item: DicomDataset): SeriesReference[] {
  const seriesUid = item.string("0020000E");
  if (seriesUid === undefined) return [];
  const instanceUids = item.items("0008114A").flatMap((instance) => instance.string("00081155") ?? []);
  return [{ seriesUid, instanceUids }];
}

function present(marks: readonly (readonly [name: string, value: string | undefined])[]): Record<string, string> {
  return Object.fromEntries(marks.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** Of an instance with one plane. */
const instanceMarks: readonly (readonly [name: string, tag: string])[] = [
  ["image type", "00080008"],
  ["temporal position", "00200100"],
  ["b value", "00189087"],
  ["diffusion direction", "00189089"],
  ["echo number", "00180086"],
  ["echo time", "00180081"],
  ["inversion time", "00180082"],
  ["flip angle", "00181314"],
  ["trigger time", "00181060"],
  ["frame reference time", "00541300"],
  ["acquisition number", "00200012"],
  ["convolution kernel", "00181210"],
  ["tube voltage", "00180060"],
  ["acquisition time", "00080032"],
  ["content time", "00080033"],
];

/** Of a frame of an enhanced object: the macro that holds it, and the attribute. */
const frameMarks: readonly (readonly [name: string, sequence: string, tag: string])[] = [
  ["stack", "00209111", "00209056"],
  ["MR frame type", "00189226", "00089007"],
  ["CT frame type", "00189329", "00089007"],
  ["temporal position", "00209111", "00209128"],
  ["b value", "00189117", "00189087"],
  ["diffusion direction", "00189117", "00189089"],
  ["echo time", "00189114", "00189082"],
  ["cardiac phase", "00189118", "00209153"],
  ["acquisition number", "00209111", "00209156"],
  ["convolution kernel", "00189314", "00181210"],
  ["acquisition time", "00209111", "00189074"],
];
