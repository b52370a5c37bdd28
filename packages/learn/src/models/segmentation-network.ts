/**
 * What every segmentation network here is: images in, logits out.
 *
 * Shapes  images [B, C, H, W] to logits [B, K + 1, H, W], background first.
 * Output  a softmax over background and K classes, for K = 1 too: with two classes it equals a sigmoid of the logits'
 *         difference, so loss and predictions are the same, and label maps, tiles and export know one form only.
 */
import type { Tensor } from "@medssl/torch";

export interface SegmenterOptions {
  /** Foreground classes. */
  readonly numClasses: number;
}

/** Of networks with a decoder that can be supervised at several sizes. */
export interface DecoderOptions extends SegmenterOptions {
  /** Whether the network has the outputs that `forwardLevels` needs. @default false */
  readonly isDeeplySupervised?: boolean;
}

export interface ForwardOptions {
  /** Share of the samples that skip the ViT's last block, less for those below; in training. @default 0 */
  readonly dropPathRate?: number;
}

export interface SegmentationNetwork {
  forward(images: Tensor, options?: ForwardOptions): Tensor;
  /**
   * Logits of several sizes, finest first: those of `forward`, then smaller ones, at the sizes of the decoder's features.
   * Those alone if the network was made without `isDeeplySupervised`.
   */
  forwardLevels?(images: Tensor, options?: ForwardOptions): Tensor[];
}
