/**
 * The three proxy tasks of Swin-UNETR's pre-training, on a plain ViT in two dimensions. A baseline.
 *
 * Inpainting  squares of patches are cut out of a view (set to its mean); a linear layer paints all patches from their tokens;
 *             mean absolute error in what was cut out.
 * Rotation    every view is turned by a number of quarters; a linear layer tells which from the mean token; cross-entropy.
 * Contrast    NT-Xent of the mean tokens of an image's two views.
 * Source      Tang et al., "Self-supervised pre-training of Swin transformers for 3D medical image analysis" (2022); weights
 *             1, 1, 1 and temperature 0.5 as in its code. There, in three dimensions, views are turned about one axis.
 */
import type { PretrainRecipe } from "@medssl/contract";
import { crossEntropy, noGrad, operator, scope, type Tensor, where, zerosLike } from "@medssl/torch";
import type { Draws } from "../augment/draws.ts";
import type { Views } from "../data/views.ts";
import type { ViT } from "../models/vit.ts";
import { Linear } from "../nn/linear.ts";
import { patchify, unpatchify } from "../nn/tokens.ts";
import { Mlp } from "../nn/transformer.ts";
import { drawNoise } from "./masking.ts";
import { ntXentLoss } from "./nt-xent.ts";
import type { PretrainingLoss, PretrainingObjective } from "./pretraining.ts";
import type { Ranks } from "./ranks.ts";
import { simclrHealth } from "./simclr.ts";

const rot90 = operator("aten::rot90");

export class SwinProxies implements PretrainingObjective {
  readonly encoder: ViT;
  readonly painter: Linear;
  readonly turnHead: Linear;
  readonly projectionHead: Mlp;
  readonly #recipe: PretrainRecipe;

  constructor(recipe: PretrainRecipe, encoder: ViT) {
    const { embedDim, patchSize, channels = 1 } = encoder.options;
    this.encoder = encoder;
    this.painter = new Linear(embedDim, channels * patchSize ** 2);
    this.turnHead = new Linear(embedDim, 4);
    this.projectionHead = new Mlp(embedDim, embedDim, recipe.proxies.embedDim);
    this.#recipe = recipe;
  }

  loss({ images, imageNumbers, draws }: Views, _step: number, ranks: Ranks): PretrainingLoss {
    const { proxies } = this.#recipe;
    const { patchSize } = this.encoder.options;
    return scope(() => {
      const ofViews = draws.ofViews(2);
      const turns = ofViews.unit().mul(4).floor(); // [V]
      const { turned, cut, isCut } = noGrad(() => this.#spoil(images, turns, ofViews));
      const tokens = this.encoder.forwardTokens(cut).slice(1, this.encoder.numPrefixTokens); // [V, N, D]
      const error = this.painter
        .forward(tokens)
        .to({ dtype: "float32" })
        .sub(patchify(turned, patchSize))
        .abs()
        .mean([2]);
      const inpainting = error.mul(isCut).sum().div(isCut.sum().clamp(1));
      const pooled = tokens.mean([1]);
      const logits = this.turnHead.forward(pooled).to({ dtype: "float32" });
      const rotation = crossEntropy(logits, turns.to({ dtype: "int64" }));
      const contrast = ntXentLoss(this.projectionHead.forward(pooled), imageNumbers, proxies.temperature, ranks);
      const weighted = [
        inpainting.mul(proxies.inpainting),
        rotation.mul(proxies.rotation),
        contrast.loss.mul(proxies.contrast),
      ];
      return {
        loss: weighted.reduce((a, b) => a.add(b)),
        parts: {
          inpainting,
          rotation,
          rotationTop1: noGrad(() => logits.argmax(1).eq(turns).to({ dtype: "float32" }).mean()),
          simclr: contrast.loss,
          ...simclrHealth(contrast),
        },
      };
    });
  }

  /** Turned views, and the same with squares cut out. @returns `isCut` 0 and 1, [V, N] */
  #spoil(images: Tensor, turns: Tensor, draws: Draws) {
    const { gridSize, options } = this.encoder;
    const { proxies, maskBlockSize } = this.#recipe;
    return scope(() => {
      const upTo = (count: number): Tensor => {
        if (count === 0) return images;
        const isThis = turns.eq(count).view([-1, 1, 1, 1]);
        return where(isThis, rot90(images, count, [2, 3]), upTo(count - 1));
      };
      const turned = upTo(3);
      const count = Math.max(1, Math.round(proxies.cutout * this.encoder.numPatches));
      const noise = drawNoise(draws, gridSize, { maskRatio: 0, maskStrategy: "block", maskBlockSize });
      const isCut = zerosLike(noise).scatter(1, noise.argsort(1).slice(1, 0, count), 1); // [V, N]
      const patches = patchify(turned, options.patchSize);
      const cut = unpatchify(patches.mul(isCut.neg().add(1).unsqueeze(2)), options.patchSize, gridSize);
      return { turned, cut, isCut };
    });
  }
}
