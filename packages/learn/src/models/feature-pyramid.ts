/**
 * A plain ViT's tokens at four sizes, as decoders of hierarchical networks want them.
 *
 * Shapes  map i: [B, channels, ceil(H / s), ceil(W / s)] of stride s = `PYRAMID_STRIDES[i]`, finest first.
 * Method  each of four depths of the ViT, normalised, goes to one stride, the shallowest to the finest: projected where
 *         it is small, resampled (bilinear: better than transposed convolutions on small structures), then convolved.
 *         Patches of 16 are enlarged by 4 and 2, kept, halved; patches of 4 are kept, halved twice and more. So a finer
 *         patch sharpens the finest map, and the maps' cost does not depend on it.
 * Source  Li et al., "Exploring plain vision transformer backbones for object detection" (2022), where all maps come from
 *         the last block; four depths as in He et al. (2022) for segmentation.
 */
import { interpolate, scope, type Tensor } from "@medssl/torch";
import { ConvBlock } from "../nn/conv.ts";
import { LayerNorm } from "../nn/norm.ts";
import type { ForwardOptions } from "./segmentation-network.ts";
import type { ViT } from "./vit.ts";
import { tappedBlocks, tokenMap } from "./vit-taps.ts";

export const PYRAMID_STRIDES = [4, 8, 16, 32] as const;

export class FeaturePyramid {
  readonly norms: readonly LayerNorm[];
  readonly projs: readonly ConvBlock[];
  readonly convs: readonly ConvBlock[];

  constructor({ options: { embedDim } }: ViT, channels: number) {
    this.norms = PYRAMID_STRIDES.map(() => new LayerNorm(embedDim));
    this.projs = PYRAMID_STRIDES.map(() => new ConvBlock(embedDim, channels, { size: 1 }));
    this.convs = PYRAMID_STRIDES.map(() => new ConvBlock(channels, channels));
  }

  /** @param images [B, C, H, W] @returns The maps, finest first. */
  forward(encoder: ViT, images: Tensor, options: ForwardOptions): Tensor[] {
    return scope(() =>
      encoder.forwardTaps(images, tappedBlocks(encoder), options).map((tokens, i) =>
        scope(() => {
          const map = this.projs[i]!.forward(tokenMap(this.norms[i]!.forward(tokens), encoder));
          return this.convs[i]!.forward(resizeToStride(map, images, PYRAMID_STRIDES[i]!));
        }),
      ),
    );
  }
}

/** Bilinear; averages where it shrinks. */
function resizeToStride(map: Tensor, images: Tensor, stride: number): Tensor {
  const size = [Math.ceil(images.size(2) / stride), Math.ceil(images.size(3) / stride)] as const;
  const [rows, columns] = [map.size(2), map.size(3)];
  if (rows === size[0] && columns === size[1]) return map;
  const isSmaller = size[0] < rows || size[1] < columns;
  return interpolate(map, size, isSmaller ? "bilinear-antialias" : "bilinear");
}
