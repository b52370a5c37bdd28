/**
 * A plain U-Net: the supervised baseline that everything else is measured against. 0.80 M parameters.
 *
 * Shapes  images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Output  a softmax over background and K classes, for K = 1 too: with two classes it equals a sigmoid of the logits'
 *         difference, so loss and predictions are the same, and label maps, tiles and export know one form only.
 */
import { scope, type Tensor } from "@medssl/torch";
import { ConvDecoder, ConvEncoder, LEVEL_CHANNELS, resizeLike } from "./conv-path.ts";

export interface SegmenterOptions {
  /** Foreground classes. */
  readonly numClasses: number;
}

export class UNet {
  readonly convEncoder: ConvEncoder;
  readonly convDecoder: ConvDecoder;

  constructor({ numClasses, channels = 1 }: SegmenterOptions & { readonly channels?: number }) {
    this.convEncoder = new ConvEncoder(channels);
    this.convDecoder = new ConvDecoder(LEVEL_CHANNELS, numClasses + 1);
  }

  forward(images: Tensor): Tensor {
    return scope(() => resizeLike(this.convDecoder.forward(this.convEncoder.forward(images)), images));
  }
}
