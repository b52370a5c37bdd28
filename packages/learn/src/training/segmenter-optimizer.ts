/**
 * How fast the parts of a segmentation network learn: what is new at the peak rate; convolutions that were pre-trained at
 * `convLearningRateScale` of it; a ViT at `encoderLearningRateScale`, and a pre-trained one slower still towards its input.
 */
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
  linear: 1e-2,
};

export const peakLearningRate = ({ learningRate, head }: FinetuneRecipe): number =>
  learningRate ?? headLearningRates[head];

/** What a network began with, beside new weights: a ViT, and the convolutions of these names. */
export interface Beginning {
  readonly convolutions?: ReadonlyMap<string, unknown> | undefined;
}

/**
 * @param network Its ViT, if it has one, is its field `encoder`.
 * @param pretrained Undefined when all of it is new.
 */
export function segmenterOptimizer(
  network: object,
  {
    weightDecay,
    encoderLearningRateScale: scale,
    convLearningRateScale,
    layerDecay,
    encoder,
    optimizer,
  }: FinetuneRecipe,
  pretrained: Beginning | undefined,
): AdamW | Sgd {
  const parameters = namedParameters(network);
  const partOf = ([name]: NamedParameters[number]) =>
    name.startsWith("encoder.") ? "vit" : pretrained?.convolutions?.has(name) ? "convolutions" : "new";
  const parts = Map.groupBy(parameters, partOf);
  const [vit, convolutions, fresh] = (["vit", "convolutions", "new"] as const).map((part) => parts.get(part) ?? []);
  const groups = [
    ...decayGroups(fresh!, weightDecay),
    ...decayGroups(convolutions!, weightDecay, convLearningRateScale),
    ...(pretrained !== undefined
      ? layerDecayGroups(vit!, { depth: encoder.depth, layerDecay, scale, weightDecay })
      : decayGroups(vit!, weightDecay, scale)),
  ];
  return optimizer === "sgd" ? new Sgd(groups, { momentum: 0.99 }) : new AdamW(groups, { betas: [0.9, 0.98] });
}
