/**
 * Masked image modelling with the hybrid: its convolutions and its ViT paint, at full resolution, what was blanked.
 *
 * Shapes      images [B, C, H, W]; N patches of the ViT's size, P = C * patchSize^2 values in a patch.
 * Masking     the pixels of removed patches are 0, the images' mean, for convolutions and ViT alike: a convolution that saw
 *             them would copy them. A removed patch shows no pixel of its own to any part of the network.
 * Target      as in masked-image-modeling.ts: a removed patch's pixels, normalised by its own mean and variance.
 * Loss        mean squared error, over removed patches only.
 * Why         a hybrid whose ViT alone is pre-trained learns its convolutions from a few labels; here they begin with edges
 *             and textures, and with what the ViT's tokens mean. The output layer that paints is thrown away.
 */
import { scope, type Tensor, zeros } from "@medssl/torch";
import { HybridUNet } from "../models/hybrid-unet.ts";
import type { ViT } from "../models/vit.ts";
import { patchify, takeTokens, unpatchify } from "../nn/tokens.ts";
import { normalizePatches, type TargetOptions } from "./masked-image-modeling.ts";
import { removedFrom } from "./masking.ts";

/** A hybrid that paints: its only output are the pixels. @param encoder Becomes part of it. */
export function paintingHybrid(encoder: ViT): HybridUNet {
  // One output for each channel; the hybrid counts its background as one.
  return new HybridUNet(encoder, { numClasses: (encoder.options.channels ?? 1) - 1 });
}

/** The images with the removed patches' pixels set to 0. @param keepIndices int64 [B, K] */
export function blankRemoved(images: Tensor, keepIndices: Tensor, { gridSize, options }: ViT): Tensor {
  const { patchSize, channels = 1 } = options;
  return scope(() => {
    const isKept = zeros([images.size(0), gridSize[0] * gridSize[1]], { device: images.device }).scatter(
      1,
      keepIndices,
      1,
    );
    const pixels = isKept.unsqueeze(-1).expand([-1, -1, channels * patchSize ** 2]);
    return images.mul(unpatchify(pixels.contiguous(), patchSize, gridSize));
  });
}

/** One pass and its loss, a scalar. @param images Standardised [B, C, H, W] */
export function hybridReconstructionLoss(
  network: HybridUNet,
  images: Tensor,
  { keepIndices, varianceFloor }: TargetOptions,
): Tensor {
  const { encoder } = network;
  const { patchSize } = encoder.options;
  return scope(() => {
    const painted = network.forward(blankRemoved(images, keepIndices, encoder)).to({ dtype: "float32" });
    const removedIndices = removedFrom(keepIndices, encoder.numPatches);
    const removed = (pixels: Tensor) => takeTokens(patchify(pixels.contiguous(), patchSize), removedIndices);
    const target = normalizePatches(removed(images), varianceFloor).values;
    return removed(painted).sub(target).square().mean();
  });
}
