/**
 * What fine-tuning minimises: cross-entropy, Dice loss and, for vessels, the loss of centre lines.
 *
 * Shapes   logits [B, K + 1, H, W], background first; labels int64 [B, H, W] of 0..K, or `IGNORED`: such pixels take no part,
 *          so that scribbles, and cases of which only some is annotated, can be learned from.
 * Dice     1 - (2 sum pg + 1) / (sum p + sum g + 1) for each foreground class, sums over the whole batch, mean over classes:
 *          the smoothing of 1 pixel lets a class that is absent cost next to nothing when nothing is predicted.
 * Weights  of the terms are the recipe's; of the classes, in the cross-entropy alone, the caller's.
 * Source   Milletari et al., "V-Net" (2016); the sum with cross-entropy, and deep supervision, as in nnU-Net (Isensee et al. 2021).
 */
import type { LossTerms } from "@medssl/contract";
import { arange, scope, Tensor } from "@medssl/torch";
import { softClDiceLoss } from "./soft-cl-dice.ts";

/** A label that says nothing. */
export const IGNORED = -100;

export interface SegmentationLoss {
  /** The weighted sum of the parts. */
  readonly loss: Tensor;
  readonly crossEntropy: Tensor;
  /** 1 - soft Dice. */
  readonly dice: Tensor;
  /** 1 - soft clDice, where it has a weight. */
  readonly clDice?: Tensor;
}

export interface SegmentationLossOptions extends Partial<Omit<LossTerms, "classBalance">> {
  /** Of each class in the cross-entropy, background first [K + 1]. */
  readonly classWeights?: Tensor | undefined;
}

/** @param levels Logits at the labels' size, or of several sizes, finest first; the coarser ones are weighed by `deepSupervision`. */
export function segmentationLoss(
  levels: Tensor | readonly Tensor[],
  labels: Tensor,
  options: SegmentationLossOptions = {},
): SegmentationLoss {
  if (levels instanceof Tensor) return lossOfLevel(levels, labels, options);
  const [finest, ...coarser] = levels;
  const { deepSupervision = 0 } = options;
  if (deepSupervision === 0 || coarser.length === 0) return lossOfLevel(finest!, labels, options);
  return scope(() => {
    const parts = lossOfLevel(finest!, labels, options);
    let [sum, total] = [parts.loss, 1];
    for (const [i, logits] of coarser.entries()) {
      const weight = deepSupervision ** (i + 1);
      sum = sum.add(lossOfLevel(logits, sampledLabels(labels, logits), { ...options, clDice: 0 }).loss.mul(weight));
      total += weight;
    }
    return { ...parts, loss: sum.div(total) };
  });
}

function lossOfLevel(logits: Tensor, labels: Tensor, options: SegmentationLossOptions): SegmentationLoss {
  const { crossEntropy: entropyWeight = 1, dice: diceWeight = 1, clDice: lineWeight = 0 } = options;
  return scope(() => {
    const wide = logits.to({ dtype: "float32" });
    const isKnown = labels.ge(0);
    const crossEntropy = meanCrossEntropy(wide, labels, isKnown, options.classWeights);
    const { probabilities, truth } = foreground(wide, labels, isKnown);
    const dice = softDiceLoss(probabilities, truth);
    const loss = crossEntropy.mul(entropyWeight).add(dice.mul(diceWeight));
    if (lineWeight === 0) return { loss, crossEntropy, dice };
    const clDice = softClDiceLoss(probabilities, truth, options.clDiceIterations);
    return { loss: loss.add(clDice.mul(lineWeight)), crossEntropy, dice, clDice };
  });
}

/** Over the known pixels, weighted by their classes; 0 where none is known. */
function meanCrossEntropy(logits: Tensor, labels: Tensor, isKnown: Tensor, weight: Tensor | undefined): Tensor {
  return scope(() => {
    const sum = logits.crossEntropy(labels, { ...(weight && { weight }), reduction: "sum", ignoreIndex: IGNORED });
    const known = isKnown.to({ dtype: "float32" });
    const weights =
      weight === undefined ? known : weight.indexSelect(0, labels.clamp(0).flatten()).view(known.shape).mul(known);
    return sum.div(weights.sum().clamp(1e-3));
  });
}

/** Probabilities and truth of the foreground classes, [B, K, H, W] each; 0 where the truth is not known. */
function foreground(logits: Tensor, labels: Tensor, isKnown: Tensor): { probabilities: Tensor; truth: Tensor } {
  return scope(() => {
    const classes = arange(1, logits.size(1), { device: labels.device }).view([1, -1, 1, 1]);
    const truth = labels.unsqueeze(1).eq(classes).to({ dtype: "float32" });
    const probabilities = logits.softmax(1).slice(1, 1).mul(isKnown.unsqueeze(1));
    return { probabilities, truth };
  });
}

function softDiceLoss(probabilities: Tensor, truth: Tensor): Tensor {
  return scope(() => {
    const pixels = [0, 2, 3];
    const overlap = probabilities.mul(truth).sum(pixels);
    const total = probabilities.sum(pixels).add(truth.sum(pixels));
    return overlap.mul(2).add(1).div(total.add(1)).mean().neg().add(1);
  });
}

/** Labels at the size of coarser logits: those of the nearest pixels. */
function sampledLabels(labels: Tensor, logits: Tensor): Tensor {
  return scope(() =>
    labels
      .to({ dtype: "float32" })
      .unsqueeze(1)
      .interpolate([logits.size(2), logits.size(3)], "nearest")
      .squeeze(1)
      .to({ dtype: "int64" }),
  );
}
