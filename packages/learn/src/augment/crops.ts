/**
 * Random crops of known geometry, cut and resampled in one batched operation on the device.
 *
 * Boxes   [B, 4] of x0, y0, x1, y1 in the image frame, where the image is the unit square; x runs right, y down. A crop
 *         that is mirrored has left and right exchanged: x0 > x1.
 * Angles  [B] in radians; the crop is turned about its own centre.
 */
import type { CropAugmentation, ViewAugmentation } from "@medssl/contract";
import { affineGrid, cat, fromTypedArray, gridSample, scope, stack, type Tensor, zerosLike } from "@medssl/torch";
import type { Draws } from "./draws.ts";

export interface NearBoxes {
  /** [count, 4] */
  readonly boxes: Tensor;
  /** Between centres, on either axis, in image sides. */
  readonly distance: number;
}

/**
 * Boxes whose area is uniform on [areaMin, areaMax] of the image, whose sides differ by up to `aspect` (log-uniform) and
 * none of which leaves the image. They lie anywhere in it, or near given boxes.
 *
 * @returns [count, 4]
 */
export function randomBoxes(
  draws: Draws,
  { areaMin, areaMax, aspect }: Pick<ViewAugmentation, "areaMin" | "areaMax" | "aspect">,
  near?: NearBoxes,
): Tensor {
  return scope(() => {
    const area = draws.between(areaMin, areaMax);
    const ratio = draws.between(-Math.log(aspect), Math.log(aspect)).exp();
    const sides = stack([area.mul(ratio), area.div(ratio)], 1)
      .sqrt()
      .clamp(0, 1); // [count, 2] of width, height
    const room = sides.neg().add(1);
    const [low, high] = near === undefined ? [zerosLike(room), room] : cornersNear(near, sides, room);
    const corner = draws.unit(2).mul(high.sub(low)).add(low);
    return cat([corner, corner.add(sides)], 1);
  });
}

/** Where the corners of boxes of these sides may lie: what is near the given boxes, and inside the image. */
function cornersNear({ boxes, distance }: NearBoxes, sides: Tensor, room: Tensor): [low: Tensor, high: Tensor] {
  return scope(() => {
    const same = boxes.slice(1, 0, 2).add(boxes.slice(1, 2)).sub(sides).div(2);
    return [same.sub(distance).clamp(0).minimum(room), same.add(distance).clamp(0).minimum(room)];
  });
}

export interface CropOptions {
  /** Side of the result, in pixels. */
  readonly size: number;
  readonly angles?: Tensor | undefined;
  /** Where each pixel is moved to, in crop sides: [B, size, size, 2] of x, y. */
  readonly displacements?: Tensor | undefined;
  readonly mode?: "bilinear" | "nearest";
}

/** Cuts a box out of each image. @param images Floats [B, C, H, W] @param boxes [B, 4] @returns [B, C, size, size] */
export function cropImages(
  images: Tensor,
  boxes: Tensor,
  { size, angles, displacements, mode = "bilinear" }: CropOptions,
): Tensor {
  return scope(() => {
    const [x0, y0, x1, y1] = boxes.unbind(1) as [Tensor, Tensor, Tensor, Tensor];
    const scaleX = x1.sub(x0);
    const scaleY = y1.sub(y0);
    const zeros = zerosLike(x0);
    const cosine = angles?.cos() ?? zeros.add(1);
    const sine = angles?.sin() ?? zeros;
    // From the crop's (x, y) on [-1, 1] to the image's: scaled, turned, moved.
    const theta = stack(
      [
        stack([cosine.mul(scaleX), sine.neg().mul(scaleX), x0.add(x1).sub(1)], 1),
        stack([sine.mul(scaleY), cosine.mul(scaleY), y0.add(y1).sub(1)], 1),
      ],
      1,
    ); // [B, 2, 3]
    const upright = affineGrid(theta, [images.size(0), images.size(1), size, size]);
    const sides = stack([scaleX, scaleY], 1).mul(2).view([-1, 1, 1, 2]);
    const grid = displacements === undefined ? upright : upright.add(displacements.mul(sides));
    return gridSample(images, grid, { mode, padding: mode === "nearest" ? "zeros" : "border" });
  });
}

/** Angles uniform within the configured rotation, or undefined where there is none. */
export function randomAngles(draws: Draws, { rotation }: CropAugmentation): Tensor | undefined {
  return rotation === 0 ? undefined : draws.between(-rotation, rotation);
}

/** Knots along each axis of a smooth random displacement. */
const KNOTS = 5;

/**
 * Smooth random displacements within `elastic` crop sides, or undefined where there are none.
 *
 * @returns [B, size, size, 2]
 */
export function randomDisplacements(draws: Draws, size: number, { elastic }: CropAugmentation): Tensor | undefined {
  if (elastic === 0) return undefined;
  return scope(() =>
    draws.between(-elastic, elastic, 2, KNOTS, KNOTS).interpolate([size, size], "bicubic").permute([0, 2, 3, 1]),
  );
}

/**
 * Moves boxes so that a random pixel of a structure is at their centre, as near as the image's edges let them; the structure
 * is one of those that the image has, each as likely. Boxes of images without any stay.
 *
 * @param boxes [B, 4] @param masks Label values [B, H, W] @param values Of the structures
 */
export function centerOnStructures(boxes: Tensor, masks: Tensor, values: readonly number[], draws: Draws): Tensor {
  const [height, width] = [masks.size(1), masks.size(2)];
  return scope(() => {
    const classes = fromTypedArray(Float32Array.from(values)).to({ device: draws.device }).view([1, -1, 1]);
    const isClass = masks.to({ dtype: "float32" }).flatten(1).unsqueeze(1).eq(classes).to({ dtype: "float32" }); // [B, K, H * W]
    const isThere = isClass.amax([2]); // [B, K]
    const chosen = isThere.mul(draws.unit(values.length).add(1)).argmax(1).view([-1, 1, 1]);
    const pixels = isClass.gather(1, chosen.expand([-1, 1, height * width])).squeeze(1); // [B, H * W]
    const at = pixels
      .mul(draws.unit(height * width).add(1))
      .argmax(1)
      .to({ dtype: "float32" }); // [B]
    const row = at.div(width).floor();
    const center = stack([at.sub(row.mul(width)).add(0.5).div(width), row.add(0.5).div(height)], 1); // [B, 2] of x, y
    const [low, high] = [boxes.slice(1, 0, 2), boxes.slice(1, 2)];
    const sides = high.sub(low);
    const corner = center.sub(sides.div(2)).clamp(0).minimum(sides.neg().add(1));
    const hasAny = isThere.amax([1], true); // [B, 1]
    const moved = low.add(corner.sub(low).mul(hasAny));
    return cat([moved, moved.add(sides)], 1);
  });
}

/** Mirrors half of the boxes that may be. @param boxes [B, 4] @param mayMirror 0 and 1, [B] @default all */
export function mirrorAtRandom(boxes: Tensor, draws: Draws, mayMirror: Tensor | 1 = 1): Tensor {
  return scope(() => {
    const isMirrored = draws.unit().lt(0.5).to({ dtype: "float32" }).mul(mayMirror).unsqueeze(1); // [B, 1]
    const [x0, y0, x1, y1] = boxes.chunk(4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const shift = x1.sub(x0).mul(isMirrored);
    return cat([x0.add(shift), y0, x1.sub(shift), y1], 1);
  });
}
