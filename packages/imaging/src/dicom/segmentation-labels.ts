/**
 * A segmentation as labels on the grid of the scan that it was drawn on.
 *
 * Frames    go to the slice whose instance they name, where the size is the scan's; else to the slice that lies nearest,
 *           less than half a step away, be they turned in its plane, mirrored or cut out, as long as the pixels fall on
 *           one another. Slices count where they lie themselves: the affine counts missing ones as steps.
 * Values    numbers of segments, 0 for none. Where segments share a voxel the later one stays, and it is told.
 * Fractions from one half of the largest value on are the segment.
 * Not done  resampling: a segmentation of other voxels than the scan's is refused.
 * Errors    `ERR_SEGMENTATION_GRID` where no frame falls on the scan.
 */

import { MedsslError } from "@medssl/contract";
import { applyAffine, composeAffine, exchangeRasAndLps, invertAffine, multiplyAffines } from "../geometry/affine.ts";
import { addScaled, cross } from "../geometry/vectors.ts";
import type { Affine, Scan, Vec3 } from "../scan.ts";
import type { FrameHeader } from "./instance-header.ts";
import type { DicomSegmentation, SegmentationFrame } from "./segmentation.ts";
import type { SeriesVolume, VolumeSlice } from "./volume.ts";

/** How far a voxel may lie from the scan's, in voxels: over a whole slice, and from one voxel to the next. */
const maxOffset = 0.2;
const maxStepOffset = 0.002;
/** How far a frame may lie from its slice, in steps between slices. */
const maxSliceOffset = 0.5;

export interface SegmentationLabels {
  /** One channel; `data` holds numbers of segments. */
  readonly labels: Scan<Uint8Array | Uint16Array>;
  /** Sentences for a report: frames beside the scan, voxels of several segments. */
  readonly warnings: readonly string[];
}

/** Where the pixels of a frame go: (x, y) of the first, steps to the next in a row and a column. */
interface Landing {
  readonly slice: number;
  readonly first: Point;
  readonly alongRow: Point;
  readonly downColumn: Point;
}

type Point = readonly [x: number, y: number];

/** @throws {MedsslError} `ERR_SEGMENTATION_GRID` */
export function labelsOnVolume(segmentation: DicomSegmentation, volume: SeriesVolume): SegmentationLabels {
  const { frames, segments, name } = segmentation;
  const { shape, affine, spacingMm } = volume;
  const sliceOfSource = new Map(volume.slices.map(({ instanceUid, frame }, z) => [`${instanceUid} ${frame}`, z]));
  const grid = affine && gridOf(affine, volume.slices);
  const largest = Math.max(0, ...segments.map(({ number }) => number));
  const data = new (largest < 256 ? Uint8Array : Uint16Array)(shape[0] * shape[1] * shape[2]);
  const tally = { beside: 0, outside: 0, shared: 0 };
  for (const [i, frame] of frames.entries()) {
    const landing = landingBySource(frame, segmentation, volume, sliceOfSource) ?? landingByPlace(frame.place, grid);
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
  return { slice: slices[0]!, first: [0, 0], alongRow: [1, 0], downColumn: [0, 1] };
}

/** The scan in the voxels of its affine. */
interface Grid {
  readonly toVoxels: Affine;
  /** Where the first pixel of each slice lies: z is no whole number where slices are not evenly spaced. */
  readonly slices: readonly Vec3[];
}

function gridOf(affine: Affine, slices: readonly VolumeSlice[]): Grid {
  const toVoxels = invertAffine(affine);
  return { toVoxels, slices: slices.map(({ positionMm }) => applyAffine(toVoxels, positionMm!)) };
}

function landingByPlace(
  { positionMm, directions, spacingMm }: FrameHeader,
  grid: Grid | undefined,
): Landing | undefined {
  if (!(positionMm && directions && spacingMm && grid)) return undefined;
  const plane = composeAffine([1, ...spacingMm], positionMm, [...directions, cross(...directions)]);
  const toScan = multiplyAffines(grid.toVoxels, exchangeRasAndLps(plane));
  const origin = applyAffine(toScan, [0, 0, 0]);
  const slice = nearestSlice(grid, origin[2]);
  const offset = addScaled(origin, grid.slices[slice]!, -1);
  const [row, column] = [0, 1].map((j): Vec3 => [toScan[j]!, toScan[4 + j]!, toScan[8 + j]!]) as [Vec3, Vec3];
  const isParallel = [row, column].every(([, , z]) => Math.abs(z) <= maxStepOffset);
  if (!isParallel || Math.abs(offset[2]) >= maxSliceOffset) return undefined;
  const first = nearest(offset, maxOffset);
  const alongRow = nearest(row, maxStepOffset);
  const downColumn = nearest(column, maxStepOffset);
  return first && alongRow && downColumn && { slice, first, alongRow, downColumn };
}

function nearestSlice({ slices }: Grid, z: number): number {
  let best = 0;
  for (let i = 1; i < slices.length; i++) {
    if (Math.abs(slices[i]![2] - z) < Math.abs(slices[best]![2] - z)) best = i;
  }
  return best;
}

/** Whole numbers, if they are near. */
function nearest([x, y]: Vec3, most: number): Point | undefined {
  const whole: Point = [Math.round(x), Math.round(y)];
  return Math.abs(whole[0] - x) <= most && Math.abs(whole[1] - y) <= most ? whole : undefined;
}

function draw(
  data: Uint8Array | Uint16Array,
  [, height, width]: Vec3,
  { slice, first, alongRow, downColumn }: Landing,
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
      if (x < 0 || y < 0 || x >= width || y >= height) {
        tally.outside++;
        continue;
      }
      const voxel = (slice * height + y) * width + x;
      if (data[voxel] !== 0) tally.shared++;
      data[voxel] = segment ?? values[i]!;
    }
  }
}
