/**
 * UPerNet on a plain ViT: what is seen of the whole image, and four sizes of it, in one map at 1/4 of the image's size.
 *
 * Shapes   images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Pooling  the coarsest map averaged to 1, 2x2, 3x3 and 6x6 cells, each projected, and joined to it again.
 * Source   Xiao et al., "Unified perceptual parsing for scene understanding" (2018); pooling: Zhao et al., "Pyramid scene
 *          parsing network" (2017). Here with group norm and GELU, 64 channels where the paper has 512.
 */
import { cat, interpolate, operator, scope, type Tensor } from "@medssl/torch";
import { Conv2d, ConvBlock } from "../nn/conv.ts";
import { resizeLike } from "./conv-path.ts";
import { FeaturePyramid, PYRAMID_STRIDES } from "./feature-pyramid.ts";
import type { ForwardOptions, SegmentationNetwork, SegmenterOptions } from "./segmentation-network.ts";
import type { ViT } from "./vit.ts";

const CHANNELS = 64;
/** Cells along each side. */
const POOLED_SIDES = [1, 2, 3, 6] as const;

const adaptiveAveragePool = operator("aten::adaptive_avg_pool2d");

class PyramidPooling {
  readonly projs: readonly ConvBlock[];
  readonly fuse: ConvBlock;

  constructor(channels: number) {
    this.projs = POOLED_SIDES.map(() => new ConvBlock(channels, channels, { size: 1 }));
    this.fuse = new ConvBlock((1 + POOLED_SIDES.length) * channels, channels);
  }

  /** @param map [B, channels, h, w] @returns the same shape */
  forward(map: Tensor): Tensor {
    return scope(() => {
      const pooled = this.projs.map((proj, i) => {
        const side = POOLED_SIDES[i]!;
        return resizeLike(proj.forward(adaptiveAveragePool(map, [side, side]) as Tensor), map);
      });
      return this.fuse.forward(cat([map, ...pooled], 1));
    });
  }
}

export class UPerNet implements SegmentationNetwork {
  readonly encoder: ViT;
  readonly pyramid: FeaturePyramid;
  readonly pooling: PyramidPooling;
  /** Of all maps but the coarsest. */
  readonly laterals: readonly ConvBlock[];
  readonly smooths: readonly ConvBlock[];
  readonly fuse: ConvBlock;
  readonly out: Conv2d;

  constructor(encoder: ViT, { numClasses }: SegmenterOptions) {
    const finer = PYRAMID_STRIDES.slice(0, -1);
    this.encoder = encoder;
    this.pyramid = new FeaturePyramid(encoder, CHANNELS);
    this.pooling = new PyramidPooling(CHANNELS);
    this.laterals = finer.map(() => new ConvBlock(CHANNELS, CHANNELS, { size: 1 }));
    this.smooths = finer.map(() => new ConvBlock(CHANNELS, CHANNELS));
    this.fuse = new ConvBlock(PYRAMID_STRIDES.length * CHANNELS, CHANNELS);
    this.out = new Conv2d(CHANNELS, numClasses + 1, 1);
  }

  forward(images: Tensor, options: ForwardOptions = {}): Tensor {
    return scope(() => {
      const maps = this.pyramid.forward(this.encoder, images, options);
      const coarsest = this.pooling.forward(maps.at(-1)!);
      const fused = this.fuse.forward(this.#joinMaps(maps.slice(0, -1), coarsest));
      return interpolate(this.out.forward(fused), [images.size(2), images.size(3)]);
    });
  }

  /** From coarse to fine each map takes up the sum of those below; all of them at the finest one's size. */
  #joinMaps(finer: readonly Tensor[], coarsest: Tensor): Tensor {
    return scope(() => {
      let sum = coarsest;
      const joined = [coarsest];
      for (const [i, map] of [...finer.entries()].reverse()) {
        const lateral = this.laterals[i]!.forward(map);
        sum = lateral.add(resizeLike(sum, lateral));
        joined.unshift(this.smooths[i]!.forward(sum));
      }
      return cat(
        joined.map((map) => resizeLike(map, joined[0]!)),
        1,
      );
    });
  }
}
