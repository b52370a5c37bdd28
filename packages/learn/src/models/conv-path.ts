/**
 * The convolutional half that the U-Net and the hybrid share: one encoder, one decoder.
 *
 * Shapes  input [B, C, H, W]; features of level i at H / 2^(i + 1), with `LEVEL_CHANNELS[i]` channels. Sizes that do not
 *         divide work: the decoder resizes to whatever size its skip has.
 * Source  Ronneberger et al., "U-Net" (2015), with group norm and GELU, and a first convolution that halves the image.
 */
import { scope, type Tensor } from "@medssl/torch";
import { Conv2d, ConvBlock } from "../nn/conv.ts";
import type { DecoderOptions } from "./segmentation-network.ts";

const STEM_CHANNELS = 16;
export const LEVEL_CHANNELS = [24, 48, 96, 128] as const;

/** Two convolutions, the first of which may halve the image. */
export type ConvPair = readonly [ConvBlock, ConvBlock];

export const convPair = (input: number, output: number, { stride = 1 } = {}): ConvPair => [
  new ConvBlock(input, output, { stride }),
  new ConvBlock(output, output),
];
export const forwardPair = ([first, second]: ConvPair, x: Tensor): Tensor =>
  scope(() => second.forward(first.forward(x)));

/** Bilinear resampling to the size of `like`. */
export function resizeLike(x: Tensor, like: Tensor): Tensor {
  const [height, width] = [like.size(2), like.size(3)];
  return x.size(2) === height && x.size(3) === width ? x : x.interpolate([height, width]);
}

export class ConvEncoder {
  readonly stem: ConvBlock;
  readonly levels: readonly ConvPair[];

  constructor(channels: number) {
    this.stem = new ConvBlock(channels, STEM_CHANNELS, { stride: 2 });
    this.levels = LEVEL_CHANNELS.map((output, i) => convPair(LEVEL_CHANNELS[i - 1] ?? STEM_CHANNELS, output));
  }

  /** Features of all levels, finest first. */
  forward(images: Tensor): Tensor[] {
    return scope(() => {
      let x = this.stem.forward(images.to({ format: "channelsLast" }));
      return this.levels.map((level, i) => {
        x = forwardPair(level, i === 0 ? x : x.maxPool2d(2));
        return x;
      });
    });
  }
}

export class ConvDecoder {
  readonly levels: readonly ConvPair[];
  readonly out: Conv2d;
  /** Of the levels below the finest; none unless deeply supervised. */
  readonly deepOuts: readonly Conv2d[];

  /**
   * @param inputChannels Channels of each level's features, finest first; more than `LEVEL_CHANNELS` where something was
   *   joined to them.
   */
  constructor(inputChannels: readonly number[], { numClasses, isDeeplySupervised = false }: DecoderOptions) {
    const numOutputs = numClasses + 1;
    this.levels = LEVEL_CHANNELS.slice(0, -1).map((output, i) => {
      const isDeepest = i === LEVEL_CHANNELS.length - 2;
      const below = isDeepest ? inputChannels[i + 1]! : LEVEL_CHANNELS[i + 1]!;
      return convPair(below + inputChannels[i]!, output);
    });
    this.out = new Conv2d(LEVEL_CHANNELS[0], numOutputs, 1);
    const deepChannels = isDeeplySupervised ? LEVEL_CHANNELS.slice(1, -1) : [];
    this.deepOuts = deepChannels.map((width) => new Conv2d(width, numOutputs, 1));
  }

  /** @param features Of all levels, finest first. @returns [B, numClasses + 1, H / 2, W / 2] */
  forward(features: readonly Tensor[]): Tensor {
    return scope(() => this.out.forward(this.#decode(features)[0]!));
  }

  /** Logits at H / 2 and, deeply supervised, at H / 4 and H / 8. */
  forwardLevels(features: readonly Tensor[]): Tensor[] {
    return scope(() => {
      const decoded = this.#decode(features);
      return [this.out, ...this.deepOuts].map((out, i) => out.forward(decoded[i]!));
    });
  }

  /** Decoded features, finest first. */
  #decode(features: readonly Tensor[]): Tensor[] {
    const decoded: Tensor[] = [];
    for (const [i, level] of [...this.levels.entries()].reverse()) {
      const skip = features[i]!;
      const below = decoded[0] ?? features.at(-1)!;
      decoded.unshift(scope(() => forwardPair(level, below.resizeCat(skip))));
    }
    return decoded;
  }
}
