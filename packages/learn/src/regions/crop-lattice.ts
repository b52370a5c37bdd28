/**
 * Crops of one size at regular offsets over an image, and what their patches say.
 *
 * A patch is large beside what is searched for. Crops that are offset by less than a patch bring patches to places between
 * those of one crop; each patch's place is known from its crop's box.
 *
 * Shapes  count^2 crops, row by row; patches' vectors [count^2, N, E].
 * Units   image sides of the query; an alignment brings the boxes to where the target shows the same.
 */
import { type Device, fromTypedArray, type Tensor } from "@medssl/torch";
import type { Alignment } from "./alignment.ts";
import type { PlaceEncoder } from "./place-encoder.ts";

export interface CropLattice {
  /** Side of a crop. */
  readonly side: number;
  /** Crops along each axis. */
  readonly count: number;
  /** Where the first crop begins on each axis, and how far it is to the next one. */
  readonly start: number;
  readonly step: number;
}

/** Offsets from one end of the image to the other, about `step` apart. @param overhang Crops beyond each end, which see padding. */
export function cropLattice(side: number, step: number, overhang: number): CropLattice {
  const steps = Math.max(1, Math.round((1 - side) / step));
  const exact = (1 - side) / steps;
  return { side, count: steps + 1 + 2 * overhang, start: -overhang * exact, step: exact };
}

/** Vectors of all patches of all crops, [count^2, N, E]. @param image Grey values of 0-1 [1, 1, H, W] */
export function embedLattice(
  encoder: PlaceEncoder,
  image: Tensor,
  { side, count, start, step }: CropLattice,
  { x, y }: Alignment,
): Tensor {
  const offsets = Array.from({ length: count }, (_, i) => start + i * step);
  const boxes = offsets.flatMap((top) =>
    offsets.map((left) => [
      x.scale * left + x.shift,
      y.scale * top + y.shift,
      x.scale * (left + side) + x.shift,
      y.scale * (top + side) + y.shift,
    ]),
  );
  return encoder.embed(image, rows(boxes, image.device));
}

/** A table of numbers on a device. */
export const rows = (values: readonly (readonly number[])[], device: Device): Tensor =>
  fromTypedArray(Float32Array.from(values.flat()), [values.length, values[0]!.length]).to({ device });
