/**
 * A segmentation as labels on the grid of the scan that it was drawn on.
 *
 * Frames    go to the slice whose instance they name, where the size is the scan's; else to where their position and
 *           orientation put them, be they turned, mirrored or cut out, as long as the voxels fall on one another.
 * Values    numbers of segments, 0 for none. Where segments share a voxel the later one stays, and it is told.
 * Fractions from one half of the largest value on are the segment.
 * Not done  resampling: a segmentation of other voxels than the scan's is refused.
 * Errors    `ERR_SEGMENTATION_GRID` where no frame falls on the scan.
 */

import { MedsslError } from "@medssl/contract";
import { applyAffine, composeAffine, exchangeRasAndLps, invertAffine, multiplyAffines } from "../geometry/affine.ts";
import { cross } from "../geometry/vectors.ts";
import type { Affine, Scan, Vec3 } from "../scan.ts";
import type { FrameHeader } from "./instance-header.ts";
import type { DicomSegmentation, SegmentationFrame } from "./segmentation.ts";
import type { SeriesVolume } from "./volume.ts";

/** How far a voxel may lie from the scan's, in voxels: over a whole slice, and from one voxel to the next. */
const maxOffset = 0.2;
const maxStepOffset = 0.002;

export interface SegmentationLabels {
  /** One channel; `data` holds numbers of segments. */
  readonly labels: Scan<Uint8Array | Uint16Array>;
  /** Sentences for a report: frames beside the scan, voxels of several segments. */
  readonly warnings: readonly string[];
}

/** Where the voxels of a frame go: index of the first, steps to the next in a row and a column. */
interface Landing {
  readonly first: Vec3;
  readonly alongRow: Vec3;
  readonly downColumn: Vec3;
}

/** @throws {MedsslError} `ERR_SEGMENTATION_GRID` */
export function labelsOnVolume(segmentation: DicomSegmentation, volume: SeriesVolume): SegmentationLabels {
  const { frames, segments, name } = segmentation;
  const { shape, affine, spacingMm } = volume;
  const sliceOfSource = new Map(volume.slices.map(({ instanceUid, frame }, z) => [`${instanceUid} ${frame}`, z]));
  const toVoxels = affine && invertAffine(affine);
  const largest = Math.max(0, ...segments.map(({ number }) => number));
  const data = new (largest < 256 ? Uint8Array : Uint16Array)(shape[0] * shape[1] * shape[2]);
  const tally = { beside: 0, outside: 0, shared: 0 };
  for (const [i, frame] of frames.entries()) {
    const landing =
      landingBySource(frame, segmentation, volume, sliceOfSource) ?? landingByPlace(frame.place, toVoxels);
    if (landing) draw(data, shape, landing, segmentation, i, tally);
    else tally.beside++;
  }
  if (tally.beside === frames.length) {
    throw new MedsslError(
      "ERR_SEGMENTATION_GRID",
      `${name}: expected frames on the scan's slices, got none of ${tally.beside}`,
      {
        hint: "Give the series that the segmentation was drawn on; segmentations of another grid are not resampled.",
      },
    );
  }
  const labels = { shape, channels: 1, data, meaning: "relative", modality: "SEG", affine, spacingMm } as const;
  return { labels, warnings: warningsOf(tally) };
}

type Tally = Record<"beside" | "outside" | "shared", number>;

function warningsOf({ beside, outside, shared }: Tally): string[] {
  return [
    ...(beside > 0 ? [`${beside} frames of the segmentation lie on no slice of the scan: left out`] : []),
    ...(outside > 0 ? [`${outside} voxels of the segmentation lie outside the scan: left out`] : []),
    ...(shared > 0 ? [`${shared} voxels are in several segments: the last one stays`] : []),
  ];
}

/** A frame that was drawn on one image of the volume, pixel on pixel. */
function landingBySource(
  { sources }: SegmentationFrame,
  { rows, columns }: DicomSegmentation,
  { shape }: SeriesVolume,
  sliceOfSource: ReadonlyMap<string, number>,
): Landing | undefined {
  if (rows !== shape[1] || columns !== shape[2]) return undefined;
  const slices = sources.flatMap(({ instanceUid, frame }) => sliceOfSource.get(`${instanceUid} ${frame}`) ?? []);
  if (slices.length !== 1) return undefined;
  return { first: [0, 0, slices[0]!], alongRow: [1, 0, 0], downColumn: [0, 1, 0] };
}

function landingByPlace(
  { positionMm, directions, spacingMm }: FrameHeader,
  toVoxels: Affine | undefined,
): Landing | undefined {
  if (!(positionMm && directions && spacingMm && toVoxels)) return undefined;
  const plane = composeAffine([1, ...spacingMm], positionMm, [...directions, cross(...directions)]);
  const toScan = multiplyAffines(toVoxels, exchangeRasAndLps(plane));
  const origin = applyAffine(toScan, [0, 0, 0]);
  const column = (j: number): Vec3 => [toScan[j]!, toScan[4 + j]!, toScan[8 + j]!];
  const [first, alongRow, downColumn] = [
    nearest(origin, maxOffset),
    nearest(column(0), maxStepOffset),
    nearest(column(1), maxStepOffset),
  ];
  return first && alongRow && downColumn && { first, alongRow, downColumn };
}

/** Whole numbers, if they are near. */
function nearest(vector: Vec3, most: number): Vec3 | undefined {
  const whole = vector.map(Math.round) as unknown as Vec3;
  return whole.every((value, i) => Math.abs(value - vector[i]!) <= most) ? whole : undefined;
}

function draw(
  data: Uint8Array | Uint16Array,
  [depth, height, width]: Vec3,
  { first, alongRow, downColumn }: Landing,
  { frames, kind, maxValue, rows, columns, valuesOf }: DicomSegmentation,
  frame: number,
  tally: Tally,
): void {
  const values = valuesOf(frame);
  const { segment } = frames[frame]!;
  const least = kind === "fractional" ? maxValue / 2 : 1;
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      if (values[i]! < least) continue;
      const x = first[0] + column * alongRow[0] + row * downColumn[0];
      const y = first[1] + column * alongRow[1] + row * downColumn[1];
      const z = first[2] + column * alongRow[2] + row * downColumn[2];
      if (x < 0 || y < 0 || z < 0 || x >= width || y >= height || z >= depth) {
        tally.outside++;
        continue;
      }
      const voxel = (z * height + y) * width + x;
      if (data[voxel] !== 0) tally.shared++;
      data[voxel] = segment ?? values[i]!;
    }
  }
}
