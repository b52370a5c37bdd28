/**
 * The ViT with a light convolutional decoder: what segmentation shows most plainly what the ViT has learnt.
 *
 * Shapes    images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Decoder   the tokens' map (64 channels) is brought up level by level; each level joins the features of a small stem
 *           that sees the image at 1/2, 1/4 and 1/8 of its size.
 */
import { cat, scope, type Tensor } from "@medssl/torch";
import { Conv2d, ConvBlock } from "../nn/conv.ts";
import { resizeLike } from "./conv-path.ts";
import type { ForwardOptions, SegmentationNetwork, SegmenterOptions } from "./segmentation-network.ts";
import type { ViT } from "./vit.ts";
import { ViTTaps } from "./vit-taps.ts";

const STEM_CHANNELS = [16, 24, 32] as const;
const MAP_CHANNELS = 64;
/** Channels of the decoder at 1/8, 1/4 and 1/2 of the image's size. */
const DECODER_CHANNELS = [64, 32, 16] as const;

export class ViTSegmenter implements SegmentationNetwork {
  readonly encoder: ViT;
  readonly taps: ViTTaps;
  readonly stem: readonly ConvBlock[];
  readonly levels: readonly ConvBlock[];
  readonly out: Conv2d;

  constructor(encoder: ViT, { numClasses }: SegmenterOptions) {
    this.encoder = encoder;
    this.taps = new ViTTaps(encoder, MAP_CHANNELS);
    this.stem = STEM_CHANNELS.map(
      (output, i) => new ConvBlock(STEM_CHANNELS[i - 1] ?? encoder.options.channels ?? 1, output, { stride: 2 }),
    );
    this.levels = DECODER_CHANNELS.map(
      (output, i) => new ConvBlock((DECODER_CHANNELS[i - 1] ?? MAP_CHANNELS) + STEM_CHANNELS.at(-1 - i)!, output),
    );
    this.out = new Conv2d(DECODER_CHANNELS.at(-1)!, numClasses + 1, 1);
  }

  forward(images: Tensor, options: ForwardOptions = {}): Tensor {
    return scope(() => {
      let features = images.to({ format: "channelsLast" });
      const skips = this.stem.map((block) => {
        features = block.forward(features);
        return features;
      });
      let x = this.taps.forward(this.encoder, images, options);
      for (const [i, level] of this.levels.entries()) {
        const skip = skips.at(-1 - i)!;
        x = scope(() => level.forward(cat([resizeLike(x, skip), skip], 1)));
      }
      return resizeLike(this.out.forward(x), images);
    });
  }
}
