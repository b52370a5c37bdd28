/**
 * Grey values made different from image to image, as scanners, exposures and displays make them.
 *
 * Order   gamma (on values limited to 0-1), contrast about the image's mean, brightness. Nothing is limited afterwards.
 */
import type { ViewAugmentation } from "@medssl/contract";
import { scope, type Tensor } from "@medssl/torch";
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

/** Mean and standard deviation of the pixels that a network was trained on, of values 0-1. */
export interface Statistics {
  readonly mean: number;
  readonly std: number;
}

export function standardize(images: Tensor, { mean, std }: Statistics): Tensor {
  return scope(() => images.sub(mean).div(std));
}
