/**
 * The images of a series put together to volumes, by what their headers say.
 *
 * Apart     images of another size, orientation, spacing or frame of reference; and images of the same place, where an
 *           echo, a phase, a b value or another mark tells them apart: a dynamic series becomes several volumes.
 * Order     by position along the normal, so that the three axes of the voxels are right-handed in DICOM's axes; by
 *           InstanceNumber only where CT, MR and PET have no positions at all.
 * Pictures  projections (films, ultrasound, angiography, photographs), captures and localizers are not stacked.
 * Left out  the second of two equal instances, and of two images of one place that nothing tells apart.
 * Source    PS3.3 C.7.6.2.1.1. Tolerances: `volume-geometry.ts`.
 */

import type { Affine, Vec3 } from "../scan.ts";
import type { FrameHeader, InstanceHeader } from "./instance-header.ts";
import { isSamePlane, stackGeometry } from "./volume-geometry.ts";
import { separateRepeats } from "./volume-parts.ts";

/**
 * `volume`: slices of one grid, one or many; `picture`: no place in space; `frames`: several pictures of one file, such
 * as a film of the heart; `localizer`: a scout, made to plan a scan on.
 */
export type VolumeKind = "volume" | "picture" | "frames" | "localizer";

export interface SeriesVolume {
  readonly kind: VolumeKind;
  /** From the first to the last along z. */
  readonly slices: readonly VolumeSlice[];
  /** Of the slices, each once, in their order. */
  readonly instances: readonly InstanceHeader[];
  /** [depth, height, width] */
  readonly shape: Vec3;
  /** RAS+, with the shear of a tilted gantry; undefined where the headers do not say. */
  readonly affine: Affine | undefined;
  /** [z, y, x] */
  readonly spacingMm: Vec3 | undefined;
  /** Angle between the direction of the stack and the normal of its slices; 0 where there is none worth a word. */
  readonly tiltDegrees: number;
  /** Slices that are missing between others. */
  readonly numMissing: number;
  readonly leftOut: readonly LeftOut[];
  /** Sentences for a report. */
  readonly warnings: readonly string[];
}

export interface VolumeSlice {
  readonly file: string;
  /** Of the file, from 0. */
  readonly frame: number;
  readonly instanceUid: string | undefined;
  /** Center of the first pixel, in RAS+ as the affine, which counts missing slices as steps; known where the affine is. */
  readonly positionMm: Vec3 | undefined;
}

export interface LeftOut {
  readonly file: string;
  readonly reason: string;
}

/** One image: a file's, or one frame of it. */
export interface SourceSlice {
  readonly header: InstanceHeader;
  readonly frame: number;
  readonly place: FrameHeader;
}

/** Images without pixels, segmentations and other objects that are no images are passed over. */
export function groupInstances(headers: readonly InstanceHeader[]): SeriesVolume[] {
  const images = headers.filter(({ hasPixels, modality }) => hasPixels && modality !== "SEG");
  return [...Map.groupBy(images, ({ seriesUid }) => seriesUid).values()].flatMap(groupSeries);
}

function groupSeries(headers: readonly InstanceHeader[]): SeriesVolume[] {
  const { kept, leftOut } = withoutCopies(headers);
  const [stackable, others] = [kept.filter(isStackable), kept.filter((header) => !isStackable(header))];
  const slices = stackable.flatMap(slicesOf);
  const [placed, unplaced] = [slices.filter(isPlaced), slices.filter((slice) => !isPlaced(slice))];
  const volumes = [
    ...clusters(placed, isSameGrid).flatMap(placedVolumes),
    ...clusters(unplaced, isSameGrid).map(numberedVolume),
    ...others.map(pictureVolume),
  ];
  const [first, ...rest] = volumes.sort((a, b) => b.slices.length - a.slices.length);
  return first ? [{ ...first, leftOut: [...leftOut, ...first.leftOut] }, ...rest] : [];
}

function withoutCopies(headers: readonly InstanceHeader[]): { kept: InstanceHeader[]; leftOut: LeftOut[] } {
  const fileOfUid = new Map<string, string>();
  const [kept, leftOut]: [InstanceHeader[], LeftOut[]] = [[], []];
  for (const header of headers) {
    const { file, instanceUid } = header;
    const original = instanceUid && fileOfUid.get(instanceUid);
    if (original) leftOut.push({ file, reason: `the same instance as ${original}` });
    else kept.push(header);
    if (instanceUid && !original) fileOfUid.set(instanceUid, file);
  }
  return { kept, leftOut };
}

/** What is never a slice, whatever it says of its place. */
const projections = new Set(
  "CR DX MG IO PX US IVUS XA RF ES XC GM SM OP OPM HD ECG DOC FID LEN KER AR SRF VA DMS RG TG BI".split(" "),
);
/** What is slices even where it says nothing of its place. */
const slicing = new Set(["CT", "MR", "PT"]);
const secondaryCapture = "1.2.840.10008.5.1.4.1.1.7";

function isStackable(header: InstanceHeader): boolean {
  const { modality = "", sopClass = "", frames, numFrames } = header;
  if (isLocalizer(header)) return false;
  if (frames.length > 1) return frames.every(hasPlace);
  if (numFrames > 1 || projections.has(modality)) return false;
  return hasPlace(frames[0]!) || (slicing.has(modality) && !sopClass.startsWith(secondaryCapture));
}

function isLocalizer({ imageType }: InstanceHeader): boolean {
  return imageType.some((word) => ["LOCALIZER", "SCOUT", "TOPOGRAM"].includes(word));
}

function hasPlace({ positionMm, directions }: FrameHeader): boolean {
  return positionMm !== undefined && directions !== undefined;
}

function isPlaced({ place }: SourceSlice): boolean {
  return hasPlace(place);
}

function slicesOf(header: InstanceHeader): SourceSlice[] {
  return header.frames.slice(0, header.numFrames).map((place, frame) => ({ header, frame, place }));
}

function isSameGrid(a: SourceSlice, b: SourceSlice): boolean {
  const keys = ["rows", "columns", "samplesPerPixel", "frameOfReferenceUid"] as const;
  return keys.every((key) => a.header[key] === b.header[key]) && isSamePlane(a.place, b.place);
}

/** Each item goes to the first cluster whose first item it is like. */
function clusters<Item>(items: readonly Item[], isAlike: (a: Item, b: Item) => boolean): Item[][] {
  const found: Item[][] = [];
  for (const item of items) {
    const own = found.find(([first]) => isAlike(first!, item));
    if (own) own.push(item);
    else found.push([item]);
  }
  return found;
}

function placedVolumes(slices: readonly SourceSlice[]): SeriesVolume[] {
  return separateRepeats(slices).map(({ slices: part, leftOut, mark }) => {
    const { order, warnings, ...geometry } = stackGeometry(part.map(({ place }) => place));
    const ordered = order.map((i) => part[i]!);
    return {
      kind: "volume",
      ...contents(ordered),
      ...geometry,
      leftOut,
      warnings: [...(mark ? [mark] : []), ...warnings],
    };
  });
}

/** CT, MR or PET without positions. */
function numberedVolume(slices: readonly SourceSlice[]): SeriesVolume {
  const number = ({ header }: SourceSlice) => header.instanceNumber ?? Number.POSITIVE_INFINITY;
  const ordered = slices.toSorted((a, b) => number(a) - number(b) || (a.header.file < b.header.file ? -1 : 1));
  const { spacingMm, thicknessMm = Number.NaN } = ordered[0]!.place;
  const isOne = ordered.length === 1;
  return {
    kind: isOne ? "picture" : "volume",
    ...contents(ordered),
    affine: undefined,
    spacingMm: spacingMm && [thicknessMm, ...spacingMm],
    tiltDegrees: 0,
    numMissing: 0,
    leftOut: [],
    warnings: isOne ? [] : ["the headers have no positions: slices are in the order of InstanceNumber"],
  };
}

function pictureVolume(header: InstanceHeader): SeriesVolume {
  const place = header.frames[0]!;
  const slices = Array.from({ length: header.numFrames }, (_, frame) => ({ header, frame, place }));
  const several = header.numFrames > 1 ? "frames" : "picture";
  return {
    kind: isLocalizer(header) ? "localizer" : several,
    ...contents(slices),
    affine: undefined,
    spacingMm: place.spacingMm && [Number.NaN, ...place.spacingMm],
    tiltDegrees: 0,
    numMissing: 0,
    leftOut: [],
    warnings: [],
  };
}

function contents(slices: readonly SourceSlice[]): Pick<SeriesVolume, "slices" | "instances" | "shape"> {
  const { rows, columns } = slices[0]!.header;
  return {
    slices: slices.map(({ header: { file, instanceUid }, frame, place: { positionMm } }) => ({
      file,
      frame,
      instanceUid,
      positionMm: positionMm && [-positionMm[0], -positionMm[1], positionMm[2]],
    })),
    instances: [...new Set(slices.map(({ header }) => header))],
    shape: [slices.length, rows, columns],
  };
}
