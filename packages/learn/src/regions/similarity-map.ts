/**
 * How alike a place of one image is to all places of another.
 *
 * A token says where its patch lies in its crop as much as what it shows: two patches are compared only where they have the
 * same position in their crops. For each position, the crops of a lattice bring its patch over a part of the image; the
 * positions' maps are averaged where they lie.
 *
 * Shapes  vectors [count^2, N, E] of a lattice over either image; maps [size, size] over the query's frame, row by row.
 * Values  mean cosine similarity, -1..1; `UNSEEN` where hardly a patch comes to lie, far from the place.
 */
import type { Place } from "@medssl/imaging";
import { type Device, fromTypedArray, noGrad, scope, type Tensor } from "@medssl/torch";
import { cropImages } from "../augment/crops.ts";
import { type CropLattice, rows } from "./crop-lattice.ts";
import type { PlaceEncoder } from "./place-encoder.ts";

export interface SimilarityMap {
  readonly size: number;
  /** [size, size], row by row. */
  readonly values: Float32Array;
}

/** The value where hardly a patch comes to lie. */
export const UNSEEN = -1;
/** A mean of less than this share of the most patches is none. */
const LEAST_SHARE = 0.15;

/** A place counts as covered by crops that begin up to this many steps farther on. */
const MARGIN = 0.5;

/** A position in the crop, and where the query's place would have its crop, in steps from the first one. */
interface Position {
  readonly patch: number;
  /** Middle of the patch, in crop sides. */
  readonly u: number;
  readonly v: number;
  readonly column: number;
  readonly row: number;
}

/** @param query Vectors of the query image. @param target Those of the target image, over the same lattice aligned. */
export function similarityMap(
  query: Tensor,
  target: Tensor,
  lattice: CropLattice,
  [gridRows, gridColumns]: PlaceEncoder["gridSize"],
  place: Place,
  size: number,
): SimilarityMap {
  const { count, side, start, step } = lattice;
  const stepsTo = (along: number, middle: number) => (along - side * middle - start) / step;
  const isCovered = (steps: number) => steps >= -MARGIN && steps <= count - 1 + MARGIN;
  const positions: Position[] = Array.from({ length: gridRows * gridColumns }, (_, patch) => {
    const u = ((patch % gridColumns) + 0.5) / gridColumns;
    const v = (Math.floor(patch / gridColumns) + 0.5) / gridRows;
    return { patch, u, v, column: stepsTo(place.x, u), row: stepsTo(place.y, v) };
  }).filter(({ column, row }) => isCovered(column) && isCovered(row));
  if (positions.length === 0) return { size, values: new Float32Array(size * size).fill(UNSEEN) };
  const { device } = query;
  const patches = fromTypedArray(BigInt64Array.from(positions, ({ patch }) => BigInt(patch))).to({ device });
  /** Of each position, its vectors over the crops: [P, E, count, count]. */
  const overCrops = (vectors: Tensor) =>
    vectors.indexSelect(1, patches).permute([1, 2, 0]).unflatten(2, [count, count]);
  /** In sides of the lattice, as `cropImages` counts. */
  const inLattice = (steps: number) => (steps + 0.5) / count;
  return noGrad(() =>
    scope(() => {
      const points = rows(
        positions.map(({ column, row }) => [column, row, column, row].map(inLattice)),
        device,
      );
      const asked = cropImages(overCrops(query), points, { size: 1 }); // [P, E, 1, 1]
      const alike = overCrops(target)
        .mul(asked.div(asked.norm(1, true).clamp(1e-6)))
        .sum([1], true); // [P, 1, count, count]
      const image = positions.map(({ u, v }) =>
        [stepsTo(0, u), stepsTo(0, v), stepsTo(1, u), stepsTo(1, v)].map(inLattice),
      );
      const maps = cropImages(alike, rows(image, device), { size }).squeeze(1); // [P, size, size]
      const weights = coverage(positions, (along, middle) => stepsTo(along, middle), count, size, device);
      const total = weights.sum([0]);
      const mean = maps.mul(weights).sum([0]).div(total.clamp(1e-6));
      const isSeen = total.gt(total.amax([0, 1]).mul(LEAST_SHARE)).to({ dtype: "float32" });
      const values = mean.mul(isSeen).add(isSeen.neg().add(1).mul(UNSEEN));
      return { size, values: values.to({ device: "cpu" }).contiguous().toTypedArray().slice() as Float32Array };
    }),
  );
}

/** How well crops bring each position to each place of the map, 0-1: [P, size, size]. */
function coverage(
  positions: readonly Position[],
  stepsTo: (along: number, middle: number) => number,
  count: number,
  size: number,
  device: Device,
): Tensor {
  const along = (middle: number) =>
    Array.from({ length: size }, (_, i) => {
      const steps = stepsTo((i + 0.5) / size, middle);
      return Math.max(0, Math.min(1, Math.min(steps, count - 1 - steps) + MARGIN));
    });
  return scope(() => {
    const across = rows(
      positions.map(({ u }) => along(u)),
      device,
    );
    const down = rows(
      positions.map(({ v }) => along(v)),
      device,
    );
    return down.unsqueeze(2).mul(across.unsqueeze(1));
  });
}
