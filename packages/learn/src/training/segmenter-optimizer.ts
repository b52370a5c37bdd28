/** How a segmentation network learns: what is new faster than its ViT, a pre-trained ViT slower still towards its input. */
import type { FinetuneRecipe, SegmentationHead } from "@medssl/contract";
import { namedParameters } from "../nn/module.ts";
import { AdamW } from "../optim/adamw.ts";
import { decayGroups, layerDecayGroups, type NamedParameters } from "../optim/parameter-groups.ts";
import { Sgd } from "../optim/sgd.ts";

/** Peak learning rates of what is not ViT. */
const headLearningRates: Readonly<Record<SegmentationHead, number>> = {
  hybrid: 3e-3,
  unet: 3e-3,
  "auto-unet": 1e-2,
  vit: 2e-3,
  pyramid: 2e-3,
  upernet: 2e-3,
  linear: 2e-3,
};

export const peakLearningRate = ({ learningRate, head }: FinetuneRecipe): number =>
  learningRate ?? headLearningRates[head];

/** @param network Its ViT, if it has one, is its field `encoder`. */
export function segmenterOptimizer(
  network: object,
  { weightDecay, encoderLearningRateScale: scale, layerDecay, encoder, optimizer }: FinetuneRecipe,
  isPretrained: boolean,
): AdamW | Sgd {
  const parameters = namedParameters(network);
  const isEncoder = ([name]: NamedParameters[number]) => name.startsWith("encoder.");
  const vit = parameters.filter(isEncoder);
  const own = parameters.filter((parameter) => !isEncoder(parameter));
  const groups = [
    ...decayGroups(own, weightDecay),
    ...(isPretrained
      ? layerDecayGroups(vit, { depth: encoder.depth, layerDecay, scale, weightDecay })
      : decayGroups(vit, weightDecay, scale)),
  ];
  return optimizer === "sgd" ? new Sgd(groups, { momentum: 0.99 }) : new AdamW(groups, { betas: [0.9, 0.98] });
}
