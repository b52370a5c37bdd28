/**
 * Random crops of known geometry, cut and resampled in one batched operation on the device.
 *
 * Boxes   [B, 4] of x0, y0, x1, y1 in the image frame, where the image is the unit square; x runs right, y down.
 * Angles  [B] in radians; the crop is turned about its own centre.
 */
import type { CropAugmentation, ViewAugmentation } from "@medssl/contract";
import { affineGrid, cat, type Device, gridSample, rand, scope, stack, type Tensor, zerosLike } from "@medssl/torch";

/** Uniform values on [low, high]: [count]. */
function uniform(count: number, low: number, high: number, device: Device): Tensor {
  return scope(() =>
    rand([count], { device })
      .mul(high - low)
      .add(low),
  );
}

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
  count: number,
  { areaMin, areaMax, aspect }: ViewAugmentation,
  device: Device,
  near?: NearBoxes,
): Tensor {
  return scope(() => {
    const area = uniform(count, areaMin, areaMax, device);
    const ratio = uniform(count, -Math.log(aspect), Math.log(aspect), device).exp();
    const sides = stack([area.mul(ratio), area.div(ratio)], 1)
      .sqrt()
      .clamp(0, 1); // [count, 2] of width, height
    const room = sides.neg().add(1);
    const [low, high] = near === undefined ? [zerosLike(room), room] : cornersNear(near, sides, room);
    const corner = rand([count, 2], { device }).mul(high.sub(low)).add(low);
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
  /** bool [B]: mirrored left to right. */
  readonly flips?: Tensor | undefined;
  readonly mode?: "bilinear" | "nearest";
}

/** Cuts a box out of each image. @param images Floats [B, C, H, W] @param boxes [B, 4] @returns [B, C, size, size] */
export function cropImages(
  images: Tensor,
  boxes: Tensor,
  { size, angles, flips, mode = "bilinear" }: CropOptions,
): Tensor {
  return scope(() => {
    const [x0, y0, x1, y1] = boxes.unbind(1) as [Tensor, Tensor, Tensor, Tensor];
    const scaleX = x1.sub(x0);
    const scaleY = y1.sub(y0);
    const zeros = zerosLike(x0);
    const cosine = angles?.cos() ?? zeros.add(1);
    const sine = angles?.sin() ?? zeros;
    const mirror = flips?.to({ dtype: "float32" }).mul(-2).add(1) ?? zeros.add(1);
    // From the crop's (x, y) on [-1, 1] to the image's: mirrored, turned, scaled, moved.
    const theta = stack(
      [
        stack([cosine.mul(scaleX).mul(mirror), sine.neg().mul(scaleX), x0.add(x1).sub(1)], 1),
        stack([sine.mul(scaleY).mul(mirror), cosine.mul(scaleY), y0.add(y1).sub(1)], 1),
      ],
      1,
    ); // [B, 2, 3]
    const grid = affineGrid(theta, [images.size(0), images.size(1), size, size]);
    return gridSample(images, grid, { mode, padding: mode === "nearest" ? "zeros" : "border" });
  });
}

/** Angles uniform within the configured rotation, or undefined where there is none. */
export function randomAngles(count: number, { rotation }: CropAugmentation, device: Device): Tensor | undefined {
  return rotation === 0 ? undefined : uniform(count, -rotation, rotation, device);
}

/** Which images are mirrored, bool [count], or undefined where none may be. */
export function randomFlips(count: number, { flip }: CropAugmentation, device: Device): Tensor | undefined {
  return flip ? scope(() => rand([count], { device }).lt(0.5)) : undefined;
}
