/**
 * SimCLR: two views of an image look alike, and unlike those of all other images. A baseline.
 *
 * The ViT sees whole views, its patch tokens are averaged, a two-layer head projects them, NT-Xent compares.
 * Source  Chen et al., "A simple framework for contrastive learning of visual representations" (2020).
 */
import type { PretrainRecipe } from "@medssl/contract";
import { scope, type Tensor } from "@medssl/torch";
import type { Views } from "../data/views.ts";
import type { ViT } from "../models/vit.ts";
import { Mlp } from "../nn/transformer.ts";
import { type NtXent, ntXentLoss } from "./nt-xent.ts";
import type { PretrainingLoss, PretrainingObjective } from "./pretraining.ts";
import type { Ranks } from "./ranks.ts";

export class SimclrObjective implements PretrainingObjective {
  readonly encoder: ViT;
  readonly projectionHead: Mlp;
  readonly #temperature: number;

  constructor({ simclr }: PretrainRecipe, encoder: ViT) {
    const { embedDim } = encoder.options;
    this.encoder = encoder;
    this.projectionHead = new Mlp(embedDim, embedDim, simclr.embedDim);
    this.#temperature = simclr.temperature;
  }

  loss({ images, imageNumbers }: Views, _step: number, ranks: Ranks): PretrainingLoss {
    return scope(() => {
      const embeddings = this.projectionHead.forward(meanToken(this.encoder, images));
      const { loss, ...health } = ntXentLoss(embeddings, imageNumbers, this.#temperature, ranks);
      return {
        loss,
        parts: {
          simclr: loss,
          ...simclrHealth(health),
        },
      };
    });
  }
}

/** Mean of the patches' tokens behind the final norm: [V, D]. */
export function meanToken(encoder: ViT, images: Tensor): Tensor {
  return scope(() => encoder.forwardTokens(images).slice(1, encoder.numPrefixTokens).mean([1]));
}

/** The health of a contrast of whole views, by the names under which it is followed. */
export const simclrHealth = (health: Omit<NtXent, "loss">): PretrainingLoss["parts"] => ({
  simclrTop1: health.top1,
  simclrPositive: health.positiveSimilarity,
  simclrNegative: health.negativeSimilarity,
  simclrRank: health.effectiveRank,
  simclrUniformity: health.uniformity,
  simclrChance: health.chance,
});
