/**
 * Label maps onto another grid, by the nearest voxel; no label is ever mixed, no new one made.
 *
 * Shapes   [D, H, W] in, the grid's shape out, same type; one channel. 0 is background.
 * Nearest  the source voxel that holds the center of the target voxel; of a center on a border, the one further on.
 * Lost     when labels shrink, what is thinner than a target voxel can fall between the centers. A source voxel whose label
 *          is nowhere within one target voxel of its place is put back: the target voxel that holds it takes its label.
 *          Where two labels want one voxel the one that is rarer in the source gets it, so that every voxel of the rarest
 *          label (a lesion) keeps its label within a voxel of its place. Labels grow by this, by up to a voxel.
 * Outside  of the source is background.
 */

import { emptyLike } from "../channels.ts";
import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { invertAffine, spacingOf } from "./affine.ts";
import { fromTo, type Grid, gridOf, scanOnGrid } from "./grid.ts";

/** What is added to centers, in voxels, so that rounding errors do not choose between two voxels. */
const NUDGE = 1e-4;

export function resampleLabels<Data extends Samples>(labels: Scan<Data>, grid: Grid): Scan<Data> {
  const toSource = fromTo(grid, gridOf(labels));
  const data = takeNearest(labels, grid.shape, toSource);
  if (isShrinking(toSource)) restoreLost(labels, { ...labels, shape: grid.shape, data }, invertAffine(toSource));
  return scanOnGrid(labels, grid, data);
}

function isShrinking(toSource: Affine): boolean {
  const [z, y, x] = spacingOf(toSource);
  return Math.max(x, y, z) > 1 + NUDGE;
}

function takeNearest<Data extends Samples>(labels: Scan<Data>, shape: Vec3, toSource: Affine): Data {
  const [depth, height, width] = shape;
  const nearest = emptyLike(labels.data, depth * height * width);
  for (let z = 0, target = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, target++) {
        const source = voxelAt(labels.shape, toSource, x, y, z);
        if (source >= 0) nearest[target] = labels.data[source]!;
      }
    }
  }
  return nearest;
}

/** The voxel that (x, y, z) of another grid lies in; -1 outside. */
function voxelAt([depth, height, width]: Vec3, matrix: Affine, x: number, y: number, z: number): number {
  const i = voxelAlong(width, matrix[0]! * x + matrix[1]! * y + matrix[2]! * z + matrix[3]!);
  const j = voxelAlong(height, matrix[4]! * x + matrix[5]! * y + matrix[6]! * z + matrix[7]!);
  const k = voxelAlong(depth, matrix[8]! * x + matrix[9]! * y + matrix[10]! * z + matrix[11]!);
  return i < 0 || j < 0 || k < 0 ? -1 : (k * height + j) * width + i;
}

function voxelAlong(size: number, place: number): number {
  const nudged = place + 0.5 + NUDGE;
  return nudged < 0 || nudged > size + 2 * NUDGE ? -1 : Math.min(Math.floor(nudged), size - 1);
}

/** Writes labels that have no voxel near their place into `result`. */
function restoreLost(labels: Scan, result: Scan, toResult: Affine): void {
  const [depth, height, width] = labels.shape;
  const lost: { target: number; label: number }[] = [];
  for (let z = 0, source = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, source++) {
        const label = labels.data[source]!;
        if (label === 0) continue;
        const target = voxelAt(result.shape, toResult, x, y, z);
        if (target >= 0 && !hasNear(result, target, label)) lost.push({ target, label });
      }
    }
  }
  if (lost.length === 0) return;
  const counts = countLabels(labels.data);
  const count = (label: number) => counts.get(label) ?? Number.POSITIVE_INFINITY;
  // The rarest first: what is written later does not replace it.
  lost.sort((a, b) => count(a.label) - count(b.label));
  for (const { target, label } of lost) {
    if (count(result.data[target]!) > count(label) && !hasNear(result, target, label)) result.data[target] = label;
  }
}

/** How often each label occurs, but background. */
function countLabels(data: Samples): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of data) if (label !== 0) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Whether the voxel or one of its 26 neighbors has the label. */
function hasNear({ shape: [depth, height, width], data }: Scan, voxel: number, label: number): boolean {
  if (data[voxel] === label) return true;
  const x = voxel % width;
  const y = Math.floor(voxel / width) % height;
  const z = Math.floor(voxel / (width * height));
  for (let k = Math.max(z - 1, 0); k <= Math.min(z + 1, depth - 1); k++) {
    for (let j = Math.max(y - 1, 0); j <= Math.min(y + 1, height - 1); j++) {
      for (let i = Math.max(x - 1, 0); i <= Math.min(x + 1, width - 1); i++) {
        if (data[(k * height + j) * width + i] === label) return true;
      }
    }
  }
  return false;
}
