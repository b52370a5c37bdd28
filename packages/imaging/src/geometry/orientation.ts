/**
 * Volumes turned by permuting and flipping their axes: no voxel is interpolated, and the affine keeps telling the truth.
 *
 * Shapes   [D, H, W, C] in and out. The letters of a code are those of x (along a row), y (down the rows), z (the slices).
 * Display  "LPS" for axial slices: rows from front to back, columns from the patient's right to the left, slices from foot
 *          to head, as a radiologist sees them from below. Sagittal slices are "PIL", coronal ones "LIP": the head on top.
 * Slices   A volume is cut axially, but along its thick axis where it has one (a spacing of at least 1.5 times both others:
 *          short-axis cardiac MR), because other cuts through such a volume would show its steps. A single slice is shown in
 *          its own plane. Oblique slices get the display order of the plane that is nearest.
 * Masks    are turned like their image, by the image's affine: `reorient({ ...mask, affine: image.affine }, code)`.
 * Errors   `ERR_SCAN_UNORIENTED`
 */

import { MedsslError } from "@medssl/contract";
import { emptyLike } from "../channels.ts";
import type { Affine, Samples, Scan, Vec3 } from "../scan.ts";
import { axisOf, closestAxes, type Letter, multiplyAffines, type OrientationCode, spacingOf } from "./affine.ts";

/** How much thicker than both others an axis is that slices are cut along. */
const THICK_AXIS_RATIO = 1.5;

const DISPLAY_ORDERS = ["PIL", "LIP", "LPS"] as const;

/** The scan with its voxel axes along the letters of `code`, to the nearest; the scan itself where they are already. */
export function reorient<Data extends Samples>(scan: Scan<Data>, code: OrientationCode): Scan<Data> {
  const { affine, shape, channels, data, spacingMm } = scan;
  if (affine === undefined) {
    throw new MedsslError("ERR_SCAN_UNORIENTED", "reorient: expected a scan with an affine, got one without");
  }
  const turns = turnsTo(code, affine);
  if (turns.every(({ source, isFlipped }, target) => source === target && !isFlipped)) return scan;
  const sizes: Vec3 = [shape[2], shape[1], shape[0]];
  const strides: Vec3 = [channels, channels * sizes[0], channels * sizes[0] * sizes[1]];
  let start = 0;
  for (const { source, isFlipped } of turns) if (isFlipped) start += (sizes[source] - 1) * strides[source];
  const [x, y, z] = turns;
  const size = ({ source }: Turn) => sizes[source];
  const stride = ({ source, isFlipped }: Turn) => (isFlipped ? -strides[source] : strides[source]);
  const turnedShape: Vec3 = [size(z), size(y), size(x)];
  return {
    ...scan,
    shape: turnedShape,
    data: gather(data, channels, turnedShape, [stride(x), stride(y), stride(z)], start),
    affine: multiplyAffines(affine, turnedToStored(turns, sizes)),
    spacingMm: spacingMm && [spacingMm[2 - z.source]!, spacingMm[2 - y.source]!, spacingMm[2 - x.source]!],
  };
}

/** The stored axis that becomes x, y or z, and whether it runs the other way. */
interface Turn {
  readonly source: 0 | 1 | 2;
  readonly isFlipped: boolean;
}

function turnsTo(code: OrientationCode, affine: Affine): readonly [Turn, Turn, Turn] {
  const closest = closestAxes(affine);
  const turnTo = (letter: string): Turn => {
    const wanted = axisOf(letter as Letter);
    const source = closest.findIndex(({ axis }) => axis === wanted.axis) as 0 | 1 | 2;
    return { source, isFlipped: closest[source].sign !== wanted.sign };
  };
  return [turnTo(code[0]!), turnTo(code[1]!), turnTo(code[2]!)];
}

/** From voxels of the turned volume to voxels as stored. */
function turnedToStored(turns: readonly [Turn, Turn, Turn], sizes: Vec3): Affine {
  const matrix = new Array<number>(16).fill(0);
  matrix[15] = 1;
  for (const [target, { source, isFlipped }] of turns.entries()) {
    matrix[source * 4 + target] = isFlipped ? -1 : 1;
    if (isFlipped) matrix[source * 4 + 3] = sizes[source] - 1;
  }
  return matrix;
}

/**
 * Which way a volume is cut into slices and shown: "LPS", "PIL" or "LIP".
 *
 * @param shape [D, H, W]. An axis of one voxel is what a single slice is cut along, whatever the voxel's size.
 */
export function displayOrientation(affine: Affine, shape: Vec3): OrientationCode {
  const single = singleAxis(shape);
  if (single !== undefined) return DISPLAY_ORDERS[closestAxes(affine)[single].axis];
  const [z, y, x] = spacingOf(affine);
  const spacing = [x, y, z];
  const thick = spacing.findIndex((mm, axis) =>
    spacing.every((other, otherAxis) => axis === otherAxis || mm >= THICK_AXIS_RATIO * other),
  );
  return thick < 0 ? "LPS" : DISPLAY_ORDERS[closestAxes(affine)[thick]!.axis];
}

/** The one voxel axis (x 0, y 1, z 2) along which there is one voxel. */
function singleAxis([depth, height, width]: Vec3): 0 | 1 | 2 | undefined {
  const axes = ([0, 1, 2] as const).filter((axis) => [width, height, depth][axis] === 1);
  return axes.length === 1 ? axes[0] : undefined;
}

/** The scan as a stack of slices for the eye; as stored where the file does not say how it lies. */
export function reorientForDisplay<Data extends Samples>(scan: Scan<Data>): Scan<Data> {
  return scan.affine === undefined ? scan : reorient(scan, displayOrientation(scan.affine, scan.shape));
}

/** @param strides From one value to the next along x, y and z of the result; `start` is where its first value lies. */
function gather<Data extends Samples>(data: Data, channels: number, shape: Vec3, strides: Vec3, start: number): Data {
  const [depth, height, width] = shape;
  const [strideX, strideY, strideZ] = strides;
  const result = emptyLike(data, data.length);
  const rowLength = width * channels;
  let target = 0;
  for (let z = 0; z < depth; z++) {
    if (strideX === -1 && strideY === -width) {
      // A half turn within the slice, as from RAS to LPS.
      const last = start + z * strideZ + 1;
      result.set(data.subarray(last - width * height, last), target);
      result.subarray(target, target + width * height).reverse();
      target += width * height;
      continue;
    }
    for (let y = 0; y < height; y++) {
      let source = start + z * strideZ + y * strideY;
      if (strideX === channels) {
        result.set(data.subarray(source, source + rowLength), target);
        target += rowLength;
      } else if (strideX === -1) {
        result.set(data.subarray(source - width + 1, source + 1), target);
        result.subarray(target, target + width).reverse();
        target += width;
      } else if (channels === 1) {
        for (let x = 0; x < width; x++, source += strideX) result[target++] = data[source]!;
      } else {
        for (let x = 0; x < width; x++, source += strideX) {
          for (let channel = 0; channel < channels; channel++) result[target++] = data[source + channel]!;
        }
      }
    }
  }
  return result;
}
