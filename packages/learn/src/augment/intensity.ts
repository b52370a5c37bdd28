/**
 * Grey values made different from image to image, as scanners, exposures and displays make them.
 *
 * Order   gamma (on values limited to 0-1), contrast about the image's mean, brightness. Nothing is limited afterwards.
 */
import type { CropAugmentation, ViewAugmentation } from "@medssl/contract";
import { arange, call, scope, type Tensor } from "@medssl/torch";
import type { Draws } from "./draws.ts";

/** @param images Floats of 0-1 [B, 1, H, W] @returns The same shape */
export function jitterIntensity(
  images: Tensor,
  draws: Draws,
  { gamma, contrast, brightness }: Pick<ViewAugmentation, "gamma" | "contrast" | "brightness">,
): Tensor {
  return scope(() => {
    const symmetric = (amount: number) => draws.between(-amount, amount, 1, 1, 1);
    const curved = images.clamp(0, 1).pow(symmetric(gamma).exp());
    const mean = curved.mean([1, 2, 3], true);
    return curved.sub(mean).mul(symmetric(contrast).add(1)).add(mean).add(symmetric(brightness));
  });
}

/** Adds noise and blurs, by other amounts in each image. @param images Floats of 0-1 [B, C, H, W] @returns The same shape */
export function degrade(
  images: Tensor,
  draws: Draws,
  { noise, blur }: Pick<CropAugmentation, "noise" | "blur">,
): Tensor {
  if (noise === 0 && blur === 0) return images;
  return scope(() => {
    const blurred = blur === 0 ? images : blurAtRandom(images, draws, blur);
    if (noise === 0) return blurred;
    const [, channels, height, width] = images.shape as [number, number, number, number];
    return blurred.add(draws.normal(channels, height, width).mul(draws.between(0, noise, 1, 1, 1)));
  });
}

/** Gaussian blur of a standard deviation uniform on [0, largest] pixels, one for each image. */
function blurAtRandom(images: Tensor, draws: Draws, largest: number): Tensor {
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  const radius = Math.min(Math.ceil(2.5 * largest), Math.min(height, width) - 1);
  return scope(() => {
    const deviation = draws.between(0, largest, 1).clamp(1e-2);
    const offsets = arange(-radius, radius + 1, { dtype: "float32", device: images.device }).unsqueeze(0);
    const kernel = offsets.div(deviation).square().div(-2).softmax(1).view([count, 1, 1, -1]); // [B, 1, 1, 2 r + 1]
    // Images become the channels of one, each with a kernel of its own.
    const asChannels = images.transpose(0, 1); // [C, B, H, W]
    const padded = padByEdge(asChannels, radius);
    return padded
      .conv2d(kernel, undefined, { groups: count })
      .conv2d(kernel.transpose(2, 3), undefined, { groups: count })
      .transpose(0, 1)
      .view([count, channels, height, width]);
  });
}

/** Repeats the outermost pixels. */
const padByEdge = (images: Tensor, amount: number): Tensor =>
  call("aten::replication_pad2d", [images, [amount, amount, amount, amount]]) as Tensor;

/** Mean and standard deviation of the pixels that a network was trained on, of values 0-1. */
export interface Statistics {
  readonly mean: number;
  readonly std: number;
  /** Values are limited to these first, where they are given. */
  readonly limits?: readonly [low: number, high: number] | undefined;
  /** Whether each image's own mean and deviation are taken in place of these. @default false */
  readonly isPerImage?: boolean | undefined;
}

/** Deviation below which an image counts as blank: half a grey value. */
const BLANK = 1 / 512;

/** @param whole The images that `images` were cut out of, where each one's own statistics are taken. @default images */
export function standardize(images: Tensor, { mean, std, limits, isPerImage }: Statistics, whole = images): Tensor {
  return scope(() => {
    if (isPerImage) {
      const center = whole.mean([1, 2, 3], true);
      const deviation = whole.sub(center).square().mean([1, 2, 3], true).sqrt().clamp(BLANK);
      return images.sub(center).div(deviation);
    }
    return (limits === undefined ? images : images.clamp(...limits)).sub(mean).div(std);
  });
}
