/**
 * What pre-training minimises: masked image modelling, alone or joined by anatomical contrast.
 *
 * One pass of the encoder serves both: the contrast acts on the tokens that are visible anyway.
 */
import type { PretrainRecipe } from "@medssl/contract";
import { cat, scope, type Tensor } from "@medssl/torch";
import { ViT } from "../models/vit.ts";
import { Mlp } from "../nn/transformer.ts";
import { type ContrastView, contrastLoss, correlatedKeepIndices } from "./anatomical-contrast.ts";
import { MaskedAutoencoder, randomKeepIndices, reconstructionLoss } from "./masked-image-modeling.ts";

export class PretrainingModel {
  readonly autoencoder: MaskedAutoencoder;
  /** Maps tokens to the space that is contrasted; only with anatomical contrast, and thrown away afterwards. */
  readonly projectionHead: Mlp | undefined;

  constructor({ method, encoder, decoder, inputSize, contrast }: PretrainRecipe) {
    this.autoencoder = new MaskedAutoencoder(new ViT({ ...encoder, imageSize: inputSize }), decoder);
    this.projectionHead =
      method === "mim+acl" ? new Mlp(encoder.embedDim, encoder.embedDim, contrast.embedDim) : undefined;
  }
}

/** A batch as `data/views.ts` cuts it. */
export interface PretrainingViews {
  /** Standardised [V, C, S, S]; with contrast the first views of all images, then the second. */
  readonly images: Tensor;
  /** Places of the views in their images, [V, 4]. */
  readonly boxes: Tensor;
}

export interface PretrainingLoss {
  readonly loss: Tensor;
  /** Parts of the loss and the contrast's health, scalars by name: `mim`, `acl`, `aclTop1`, ... */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** @param step 0-based; the contrast's weight rises over the first steps. */
export function pretrainingLoss(
  { autoencoder, projectionHead }: PretrainingModel,
  { images, boxes }: PretrainingViews,
  recipe: PretrainRecipe,
  step: number,
): PretrainingLoss {
  const { maskRatio, targetVarianceFloor: varianceFloor, contrast } = recipe;
  const { gridSize, numPatches } = autoencoder.encoder;
  return scope(() => {
    const count = images.size(0);
    if (projectionHead === undefined) {
      const keepIndices = randomKeepIndices(count, numPatches, maskRatio, images.device);
      const { loss } = reconstructionLoss(autoencoder, images, { keepIndices, varianceFloor });
      return { loss, parts: { mim: loss } };
    }
    const [firstBoxes, secondBoxes] = boxes.chunk(2) as [Tensor, Tensor];
    const firstKeep = randomKeepIndices(count / 2, numPatches, maskRatio, images.device);
    const secondKeep = correlatedKeepIndices(firstKeep, firstBoxes, secondBoxes, gridSize);
    const keepIndices = cat([firstKeep, secondKeep]);
    const { loss: mim, tokens } = reconstructionLoss(autoencoder, images, { keepIndices, varianceFloor });
    const [first, second] = projectionHead.forward(tokens).chunk(2) as [Tensor, Tensor];
    const firstView: ContrastView = { embeddings: first, boxes: firstBoxes, keepIndices: firstKeep };
    const secondView: ContrastView = { embeddings: second, boxes: secondBoxes, keepIndices: secondKeep };
    const { loss: acl, health } = contrastLoss(firstView, secondView, gridSize, contrast);
    const weight = contrast.weight * Math.min(1, (step + 1) / Math.max(1, contrast.warmupSteps));
    return {
      loss: mim.add(acl.mul(weight)),
      parts: {
        mim,
        acl,
        aclTop1: health.top1,
        aclPositive: health.positiveSimilarity,
        aclNegative: health.negativeSimilarity,
        aclAnchors: health.anchors,
        aclRank: health.effectiveRank,
      },
    };
  });
}
