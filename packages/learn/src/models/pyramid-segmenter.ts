/**
 * The ViT's feature pyramid and a convolutional stem that sees every pixel: for vessels and other thin structures.
 *
 * Shapes  images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Stem    two convolutions each at the image's own size, at 1/2 and at 1/4: a structure of one pixel is narrower than any
 *         token, and only these can draw it.
 * Decoder from the coarsest map to the finest, each step joins what was decoded, the pyramid's map and the stem's, where
 *         there are such.
 * Source  the pyramid: feature-pyramid.ts; the stem: as in Hatamizadeh et al., "UNETR" (2022).
 */
import { cat, scope, type Tensor } from "@medssl/torch";
import { Conv2d } from "../nn/conv.ts";
import { type ConvPair, convPair, forwardPair, resizeLike } from "./conv-path.ts";
import { FeaturePyramid, PYRAMID_STRIDES } from "./feature-pyramid.ts";
import type { ForwardOptions, SegmentationNetwork, SegmenterOptions } from "./segmentation-network.ts";
import type { ViT } from "./vit.ts";

/** Of the stem and of the decoder at strides 1, 2 and 4. */
const STEM_CHANNELS = [16, 32, 64] as const;
const PYRAMID_CHANNELS = 64;
/** Level i of the decoder has stride 2^i; this one is the first with a map of the pyramid. */
const FIRST_MAP_LEVEL = Math.log2(PYRAMID_STRIDES[0]);
/** The coarsest map is where decoding starts. */
const NUM_LEVELS = FIRST_MAP_LEVEL + PYRAMID_STRIDES.length - 1;

export class PyramidSegmenter implements SegmentationNetwork {
  readonly encoder: ViT;
  readonly pyramid: FeaturePyramid;
  readonly stem: readonly ConvPair[];
  /** Finest first. */
  readonly levels: readonly ConvPair[];
  readonly out: Conv2d;

  constructor(encoder: ViT, { numClasses }: SegmenterOptions) {
    const { channels = 1 } = encoder.options;
    this.encoder = encoder;
    this.pyramid = new FeaturePyramid(encoder, PYRAMID_CHANNELS);
    this.stem = STEM_CHANNELS.map((width, i) =>
      convPair(STEM_CHANNELS[i - 1] ?? channels, width, { stride: i === 0 ? 1 : 2 }),
    );
    this.levels = Array.from({ length: NUM_LEVELS }, (_, i) => {
      const skips = (STEM_CHANNELS[i] ?? 0) + (i >= FIRST_MAP_LEVEL ? PYRAMID_CHANNELS : 0);
      return convPair(widthOf(i + 1) + skips, widthOf(i));
    });
    this.out = new Conv2d(widthOf(0), numClasses + 1, 1);
  }

  forward(images: Tensor, options: ForwardOptions = {}): Tensor {
    return scope(() => {
      let features = images.to({ format: "channelsLast" });
      const stem = this.stem.map((pair) => {
        features = forwardPair(pair, features);
        return features;
      });
      const maps = this.pyramid.forward(this.encoder, images, options);
      let x = maps.at(-1)!;
      for (const [i, level] of [...this.levels.entries()].reverse()) {
        const skips = [stem[i], maps[i - FIRST_MAP_LEVEL]].filter((skip) => skip !== undefined);
        x = scope(() => forwardPair(level, cat([resizeLike(x, skips[0]!), ...skips], 1)));
      }
      return this.out.forward(x);
    });
  }
}

const widthOf = (level: number): number => STEM_CHANNELS[level] ?? PYRAMID_CHANNELS;
