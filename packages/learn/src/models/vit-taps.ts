/**
 * A ViT's tokens as one feature map: four depths of it, each normalised, joined and projected.
 *
 * Shapes  taps [B, N, D] each; map [B, channels, rows, columns].
 */
import { cat, scope, type Tensor } from "@medssl/torch";
import { ConvBlock } from "../nn/conv.ts";
import { LayerNorm } from "../nn/norm.ts";
import type { TokenOptions, ViT } from "./vit.ts";

/** Four depths of a ViT: behind blocks 1, 3, 4, 6 of 6, or 3, 6, 9, 12 of 12. */
export function tappedBlocks({ options: { depth } }: ViT): number[] {
  return [0.25, 0.5, 0.75, 1].map((share) => Math.max(1, Math.floor(share * depth)));
}

/** Patches' tokens as an image: [B, N, D], the channels-last memory of the result, to [B, D, rows, columns]. */
export function tokenMap(tokens: Tensor, { gridSize: [rows, columns] }: ViT): Tensor {
  return tokens.unflatten(1, [rows, columns]).permute([0, 3, 1, 2]);
}

export class ViTTaps {
  readonly afterBlocks: readonly number[];
  readonly norms: readonly LayerNorm[];
  readonly proj: ConvBlock;

  constructor(encoder: ViT, channels: number) {
    const { embedDim } = encoder.options;
    this.afterBlocks = tappedBlocks(encoder);
    this.norms = this.afterBlocks.map(() => new LayerNorm(embedDim));
    this.proj = new ConvBlock(this.norms.length * embedDim, channels, { size: 1 });
  }

  /** @param injection Added to the patches' tokens, [B, N, D]. */
  forward(encoder: ViT, images: Tensor, options: TokenOptions = {}): Tensor {
    return scope(() => {
      const taps = encoder.forwardTaps(images, this.afterBlocks, options);
      const joined = cat(
        taps.map((tap, i) => this.norms[i]!.forward(tap)),
        2,
      );
      return this.proj.forward(tokenMap(joined, encoder));
    });
  }
}
