/**
 * What fine-tuning minimises: cross-entropy plus Dice loss.
 *
 * Shapes  logits [B, K + 1, H, W], background first; labels int64 [B, H, W] of 0..K.
 * Dice    1 - (2 sum pg + 1) / (sum p + sum g + 1) for each foreground class, sums over the whole batch, mean over classes:
 *         the smoothing of 1 pixel lets a class that is absent cost next to nothing when nothing is predicted.
 * Source  Milletari et al., "V-Net" (2016); the sum with cross-entropy as in nnU-Net (Isensee et al. 2021).
 */
import { arange, scope, type Tensor } from "@medssl/torch";

export interface SegmentationLoss {
  /** crossEntropy + dice. */
  readonly loss: Tensor;
  readonly crossEntropy: Tensor;
  /** 1 - soft Dice. */
  readonly dice: Tensor;
}

export function segmentationLoss(logits: Tensor, labels: Tensor): SegmentationLoss {
  return scope(() => {
    const wide = logits.to({ dtype: "float32" });
    const crossEntropy = wide.crossEntropy(labels);
    const dice = softDiceLoss(wide, labels);
    return { loss: crossEntropy.add(dice), crossEntropy, dice };
  });
}

function softDiceLoss(logits: Tensor, labels: Tensor): Tensor {
  return scope(() => {
    const numClasses = logits.size(1);
    const probabilities = logits.softmax(1).slice(1, 1); // [B, K, H, W]
    const classes = arange(1, numClasses, { device: labels.device }).view([1, -1, 1, 1]);
    const truth = labels.unsqueeze(1).eq(classes).to({ dtype: "float32" });
    const pixels = [0, 2, 3];
    const overlap = probabilities.mul(truth).sum(pixels);
    const total = probabilities.sum(pixels).add(truth.sum(pixels));
    return overlap.mul(2).add(1).div(total.add(1)).mean().neg().add(1);
  });
}
