/** A plain U-Net: the supervised baseline that everything else is measured against. 0.80 M parameters. */
import { scope, type Tensor } from "@medssl/torch";
import { ConvDecoder, ConvEncoder, LEVEL_CHANNELS, resizeLike } from "./conv-path.ts";
import type { DecoderOptions, SegmentationNetwork } from "./segmentation-network.ts";

export class UNet implements SegmentationNetwork {
  readonly convEncoder: ConvEncoder;
  readonly convDecoder: ConvDecoder;

  constructor({ channels = 1, ...options }: DecoderOptions & { readonly channels?: number }) {
    this.convEncoder = new ConvEncoder(channels);
    this.convDecoder = new ConvDecoder(LEVEL_CHANNELS, options);
  }

  forward(images: Tensor): Tensor {
    return scope(() => resizeLike(this.convDecoder.forward(this.convEncoder.forward(images)), images));
  }

  forwardLevels(images: Tensor): Tensor[] {
    return scope(() => {
      const [finest, ...deeper] = this.convDecoder.forwardLevels(this.convEncoder.forward(images));
      return [resizeLike(finest!, images), ...deeper];
    });
  }
}
