/**
 * A linear probe: what a frozen ViT's tokens tell by themselves.
 *
 * Shapes  images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Frozen  the ViT's parameters do not require a gradient, so nothing trains them; what is learned is one linear map of the
 *         tokens behind the final norm, enlarged bilinearly. For measuring pre-training, not for the best masks: nothing
 *         finer than a patch can be drawn.
 */
import { scope, type Tensor } from "@medssl/torch";
import { Conv2d } from "../nn/conv.ts";
import { stateDict } from "../nn/module.ts";
import { resizeLike } from "./conv-path.ts";
import type { SegmentationNetwork, SegmenterOptions } from "./segmentation-network.ts";
import type { ViT } from "./vit.ts";
import { tokenMap } from "./vit-taps.ts";

export class LinearProbe implements SegmentationNetwork {
  readonly encoder: ViT;
  readonly out: Conv2d;

  constructor(encoder: ViT, { numClasses }: SegmenterOptions) {
    this.encoder = encoder;
    for (const [, tensor] of stateDict(encoder)) tensor.setRequiresGrad(false);
    this.out = new Conv2d(encoder.options.embedDim, numClasses + 1, 1);
  }

  forward(images: Tensor): Tensor {
    return scope(() => {
      const tokens = this.encoder.forwardTokens(images).slice(1, this.encoder.numPrefixTokens);
      return resizeLike(this.out.forward(tokenMap(tokens, this.encoder)), images);
    });
  }
}
