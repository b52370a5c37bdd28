/**
 * The ViT inside a U-Net: convolutions for fine detail, tokens for context. 3.71 M parameters with the default ViT.
 *
 * Shapes    images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Coupling  at the level whose pixels are nearest to the tokens' size (1/16 of the image for patch 16, 1/4 for patch 4): its
 *           features are added to the tokens through a linear layer that starts at zero, so that a pre-trained ViT
 *           begins unperturbed; the ViT's map (96 channels) is joined to the same level's features.
 * Unused    the ViT's final norm.
 */
import { cat, noGrad, scope, type Tensor } from "@medssl/torch";
import { Linear } from "../nn/linear.ts";
import { ConvDecoder, ConvEncoder, LEVEL_CHANNELS, resizeLike } from "./conv-path.ts";
import type { DecoderOptions, ForwardOptions, SegmentationNetwork } from "./segmentation-network.ts";
import type { ViT } from "./vit.ts";
import { ViTTaps } from "./vit-taps.ts";

const MAP_CHANNELS = 96;

export class HybridUNet implements SegmentationNetwork {
  readonly encoder: ViT;
  readonly convEncoder: ConvEncoder;
  readonly injection: Linear;
  readonly taps: ViTTaps;
  readonly convDecoder: ConvDecoder;
  /** Level at which the two meet. */
  readonly #level: number;

  constructor(encoder: ViT, options: DecoderOptions) {
    const { patchSize, embedDim, channels = 1 } = encoder.options;
    this.#level = levelOf(patchSize);
    this.encoder = encoder;
    this.convEncoder = new ConvEncoder(channels);
    this.injection = new Linear(LEVEL_CHANNELS[this.#level]!, embedDim);
    noGrad(() => this.injection.weight.zero_());
    this.taps = new ViTTaps(encoder, MAP_CHANNELS);
    const joined = LEVEL_CHANNELS.map((width, i) => (i === this.#level ? width + MAP_CHANNELS : width));
    this.convDecoder = new ConvDecoder(joined, options);
  }

  forward(images: Tensor, options: ForwardOptions = {}): Tensor {
    return scope(() => resizeLike(this.convDecoder.forward(this.#encode(images, options)), images));
  }

  forwardLevels(images: Tensor, options: ForwardOptions = {}): Tensor[] {
    return scope(() => {
      const [finest, ...deeper] = this.convDecoder.forwardLevels(this.#encode(images, options));
      return [resizeLike(finest!, images), ...deeper];
    });
  }

  /** Features of all levels, the ViT's map joined to those where the two meet. */
  #encode(images: Tensor, options: ForwardOptions): Tensor[] {
    return scope(() => {
      const features = this.convEncoder.forward(images);
      const met = features[this.#level]!;
      const map = this.taps.forward(this.encoder, images, { ...options, injection: this.#inject(met) });
      features[this.#level] = cat([met, resizeLike(map, met)], 1);
      return features;
    });
  }

  /** [B, C, h, w] to what is added to the tokens, [B, N, D]. */
  #inject(features: Tensor): Tensor {
    const [rows, columns] = this.encoder.gridSize;
    return scope(() => {
      const isSame = features.size(2) === rows && features.size(3) === columns;
      const grid = isSame ? features : features.interpolate([rows, columns]);
      return this.injection.forward(grid.permute([0, 2, 3, 1]).flatten(1, 2));
    });
  }
}

/** Level i has pixels of 2^(i + 1). */
function levelOf(patchSize: number): number {
  const nearest = Math.round(Math.log2(patchSize)) - 1;
  return Math.min(LEVEL_CHANNELS.length - 1, Math.max(0, nearest));
}
