/**
 * The frames of a segmentation: which there are, and their pixels, made straight into the file.
 *
 * Binary      a bit a pixel, the lowest first, frames behind one another without padding, as the standard packs them.
 * Order       by segment, then by slice; a labelmap's by slice.
 * Left out    slices that a segment is not on; a segment that is nowhere, and a labelmap that is empty, keep the first slice.
 * Errors      `ERR_SEGMENTATION` for pixels of another size than the volume and for labels that no segment has.
 * Source      PS3.5 8.1.1, D; PS3.3 C.8.20.2.
 */

import { MedsslError } from "@medssl/contract";
import type { Vec3 } from "../scan.ts";
import type { FilledValue } from "./write-elements.ts";

/** On the volume's grid, [D, H, W]. */
export type SegmentationPixels =
  | {
      readonly kind: "binary" | "labelmap";
      /** A segment's value, or 0 for none. */
      readonly labels: Uint8Array;
    }
  | {
      readonly kind: "fractional";
      /** Probability of each segment, 255 for 1, by the segment's value. */
      readonly fractions: ReadonlyMap<number, Uint8Array>;
    };

/** The value of PixelData, and what its frames are of. */
export interface PixelFrames extends FilledValue {
  readonly list: readonly PixelFrame[];
}

export interface PixelFrame {
  /** Number of the segment, from 1; undefined in a labelmap, which has all in one. */
  readonly segment: number | undefined;
  /** From 0. */
  readonly slice: number;
}

/**
 * @param values The value of each segment in `pixels`, in the order of their numbers.
 * @throws {MedsslError} `ERR_SEGMENTATION`
 */
export function framesOfPixels(pixels: SegmentationPixels, values: readonly number[], shape: Vec3): PixelFrames {
  switch (pixels.kind) {
    case "binary":
      return binaryFrames(checked(pixels.labels, shape, "labels"), values, shape);
    case "labelmap":
      return labelmapFrames(checked(pixels.labels, shape, "labels"), values, shape);
    case "fractional":
      return fractionalFrames(
        values.map((value) => checked(pixels.fractions.get(value), shape, `fractions of segment ${value}`)),
        shape,
      );
  }
}

function checked(values: Uint8Array | undefined, shape: Vec3, name: string): Uint8Array {
  const numVoxels = shape[0] * shape[1] * shape[2];
  if (values?.length === numVoxels) return values;
  throw new MedsslError(
    "ERR_SEGMENTATION",
    `${name}: expected ${shape.join(" x ")} = ${numVoxels} values, got ${values?.length ?? "none"}`,
    { hint: "Labels and fractions lie on the grid of the volume that they are written for." },
  );
}

function binaryFrames(labels: Uint8Array, values: readonly number[], shape: Vec3): PixelFrames {
  const size = shape[1] * shape[2];
  const runs = runsOfLabels(labels, values, shape);
  const list = values.flatMap((value, i) => presentFrames(i + 1, shape[0], (slice) => runs[slice]!.has(value)));
  return {
    list,
    length: Math.ceil((list.length * size) / 8),
    writeInto(target) {
      for (const [k, { segment, slice }] of list.entries()) {
        const value = values[segment! - 1]!;
        const [start, end] = runs[slice]!.get(value) ?? [0, 0];
        const offset = k * size - slice * size;
        for (let i = start; i < end; i++) {
          if (labels[i] === value) target[(i + offset) >>> 3]! |= 1 << ((i + offset) & 7);
        }
      }
    },
  };
}

function labelmapFrames(labels: Uint8Array, values: readonly number[], shape: Vec3): PixelFrames {
  const size = shape[1] * shape[2];
  const runs = runsOfLabels(labels, values, shape);
  const list = presentFrames(undefined, shape[0], (slice) => runs[slice]!.size > 0);
  const numbers = new Uint8Array(256);
  for (const [i, value] of values.entries()) numbers[value] = i + 1;
  return {
    list,
    length: list.length * size,
    writeInto(target) {
      for (const [k, { slice }] of list.entries()) {
        for (let i = 0; i < size; i++) target[k * size + i] = numbers[labels[slice * size + i]!]!;
      }
    },
  };
}

function fractionalFrames(fractions: readonly Uint8Array[], shape: Vec3): PixelFrames {
  const size = shape[1] * shape[2];
  const frameOf = (segment: number, slice: number) =>
    fractions[segment - 1]!.subarray(slice * size, (slice + 1) * size);
  const list = fractions.flatMap((_, i) =>
    presentFrames(i + 1, shape[0], (slice) => frameOf(i + 1, slice).some((value) => value > 0)),
  );
  return {
    list,
    length: list.length * size,
    writeInto(target) {
      for (const [k, { segment, slice }] of list.entries()) target.set(frameOf(segment!, slice), k * size);
    },
  };
}

function presentFrames(segment: number | undefined, depth: number, isOn: (slice: number) => boolean): PixelFrame[] {
  const slices = Array.from({ length: depth }, (_, slice) => slice).filter(isOn);
  return (slices.length > 0 ? slices : [0]).map((slice) => ({ segment, slice }));
}

/** From the first voxel of a label in a slice to behind its last. */
type Runs = ReadonlyMap<number, readonly [start: number, end: number]>;

/** Of each slice, by label. */
function runsOfLabels(labels: Uint8Array, values: readonly number[], [depth, height, width]: Vec3): Runs[] {
  const size = height * width;
  const known = new Set(values);
  return Array.from({ length: depth }, (_, slice) => {
    const starts = new Int32Array(256).fill(-1);
    const ends = new Int32Array(256);
    let before = 0;
    for (let i = slice * size; i < (slice + 1) * size; i++) {
      const label = labels[i]!;
      if (label !== before) {
        // Where a run of one label ends, the next begins.
        ends[before] = i;
        if (starts[label] === -1) starts[label] = i;
        before = label;
      }
    }
    ends[before] = (slice + 1) * size;
    const present = Array.from(starts.keys()).filter((label) => label !== 0 && starts[label] !== -1);
    const stray = present.find((label) => !known.has(label));
    if (stray !== undefined) throw strayLabel(stray, slice, values);
    return new Map(present.map((label) => [label, [starts[label]!, ends[label]!]]));
  });
}

function strayLabel(label: number, slice: number, values: readonly number[]): MedsslError {
  return new MedsslError(
    "ERR_SEGMENTATION",
    `labels of slice ${slice + 1}: expected 0 or one of ${values.join(", ")}, got ${label}`,
    { hint: "Every label needs a segment that says what it is." },
  );
}
