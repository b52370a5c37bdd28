/**
 * Masked image modelling, alone or joined by anatomical contrast: the method of the paper.
 *
 * One pass of the encoder serves both: the contrast acts on the tokens that are visible anyway. The second view keeps the
 * places that the first one kept, as far as it shows them, so that there is something to pull together.
 */
import type { PretrainRecipe } from "@medssl/contract";
import { arange, cat, noGrad, scope, type Tensor } from "@medssl/torch";
import type { Views } from "../data/views.ts";
import type { ViT } from "../models/vit.ts";
import { takeTokens } from "../nn/tokens.ts";
import { Mlp } from "../nn/transformer.ts";
import { type Contrast, contrastLoss } from "./anatomical-contrast.ts";
import {
  type ContrastSide,
  correlatedKeepIndices,
  meanPatch,
  placesOfView,
  poolRegions,
  takePlaces,
  type ViewPlaces,
} from "./anatomical-places.ts";
import { MaskedAutoencoder, reconstructionLoss } from "./masked-image-modeling.ts";
import { drawKeepIndices, drawNoise } from "./masking.ts";
import type { PretrainingLoss, PretrainingObjective } from "./pretraining.ts";
import type { Ranks } from "./ranks.ts";

/** Variance, in standardised units, below which a patch shows nothing: padding, or what a collimator covers. */
const EMPTY_VARIANCE = 1e-6;
/** Regions of the same image that touch are no negatives, others are; in regions. */
const REGION_IGNORE_RADIUS = 1.5;

export class JointObjective implements PretrainingObjective {
  readonly autoencoder: MaskedAutoencoder;
  /** Maps tokens to the space that is contrasted; only with anatomical contrast, and thrown away afterwards. */
  readonly projectionHead: Mlp | undefined;
  readonly #recipe: PretrainRecipe;

  constructor(recipe: PretrainRecipe, encoder: ViT) {
    const { method, decoder, contrast } = recipe;
    const { embedDim } = encoder.options;
    this.autoencoder = new MaskedAutoencoder(encoder, decoder);
    this.projectionHead = method === "mim+acl" ? new Mlp(embedDim, embedDim, contrast.embedDim) : undefined;
    this.#recipe = recipe;
  }

  get encoder(): ViT {
    return this.autoencoder.encoder;
  }

  loss(views: Views, step: number, ranks: Ranks): PretrainingLoss {
    const { gridSize } = this.encoder;
    const { images, boxes, draws } = views;
    return scope(() => {
      if (this.projectionHead === undefined) {
        const { mim } = this.#reconstruct(images, drawKeepIndices(draws, gridSize, this.#recipe));
        return { loss: mim, parts: { mim } };
      }
      const firstKeep = drawKeepIndices(draws, gridSize, this.#recipe);
      const noise = drawNoise(draws, gridSize, this.#recipe);
      const [firstBoxes, secondBoxes] = boxes.chunk(2) as [Tensor, Tensor];
      const secondKeep = correlatedKeepIndices(firstKeep, firstBoxes, secondBoxes, gridSize, noise);
      const keepIndices = cat([firstKeep, secondKeep]);
      const { mim, tokens, patches } = this.#reconstruct(images, keepIndices);
      const isPresent = noGrad(() => takeTokens(patches, keepIndices).variance([2]).gt(EMPTY_VARIANCE)).chunk(2); // [B, K]
      const embeddings = this.projectionHead.forward(tokens).chunk(2); // [B, K, E]
      const side = (view: 0 | 1, places: ViewPlaces): ContrastSide => ({
        ...placesOfView(places, views.places.frames, gridSize),
        embeddings: embeddings[view]!,
        isPresent: isPresent[view],
      });
      const first = side(0, { boxes: firstBoxes, keepIndices: firstKeep });
      const second = side(1, { boxes: secondBoxes, keepIndices: secondKeep });
      const contrasts = this.#contrast(first, second, views, meanPatch(firstBoxes, secondBoxes, gridSize), ranks);
      const acl = contrasts
        .map(({ loss }) => loss)
        .reduce((a, b) => a.add(b))
        .div(contrasts.length);
      const { weight, warmupSteps } = this.#recipe.contrast;
      const { health } = contrasts[0]!;
      return {
        loss: mim.add(acl.mul(weight * Math.min(1, (step + 1) / Math.max(1, warmupSteps)))),
        parts: {
          mim,
          acl,
          aclTop1: health.top1,
          aclPositive: health.positiveSimilarity,
          aclNegative: health.negativeSimilarity,
          // Numbers are averaged over processes and microsteps.
          aclAnchors: health.anchors.mul(ranks.of * this.#recipe.accumulationSteps),
          aclRank: health.effectiveRank,
          aclAlignment: health.alignment,
          aclUniformity: health.uniformity,
          aclChance: health.chance,
        },
      };
    });
  }

  #reconstruct(images: Tensor, keepIndices: Tensor) {
    const { normalizePixelTargets, targetVarianceFloor } = this.#recipe;
    const varianceFloor = normalizePixelTargets ? targetVarianceFloor : undefined;
    return reconstructionLoss(this.autoencoder, images, { keepIndices, varianceFloor });
  }

  /** Of patches, of regions, or both. */
  #contrast(first: ContrastSide, second: ContrastSide, { places }: Views, patch: Tensor, ranks: Ranks): Contrast[] {
    const { contrast } = this.#recipe;
    const contrasts: Contrast[] = [];
    if (contrast.level !== "region") {
      const [a, b] =
        contrast.anchorsPerImage === 0 ? [first, second] : someAnchors(first, second, contrast.anchorsPerImage, patch);
      contrasts.push(contrastLoss(a, b, places, patch, contrast, ranks));
    }
    if (contrast.level !== "token") {
      const [a, b] = [first, second].map((side) => poolRegions(side, contrast.regionGrid)) as [
        ContrastSide,
        ContrastSide,
      ];
      const region = noGrad(() => patch.mul(0).add(1 / contrast.regionGrid));
      contrasts.push(contrastLoss(a, b, places, region, { ...contrast, ignoreRadius: REGION_IGNORE_RADIUS }, ranks));
    }
    return contrasts;
  }
}

/** The first places of the first view, which are random ones, and those of the second that are nearest to them. */
function someAnchors(
  first: ContrastSide,
  second: ContrastSide,
  count: number,
  patch: Tensor,
): [ContrastSide, ContrastSide] {
  return scope(() => {
    const [batch, places] = first.centers.shape as [number, number];
    const kept = Math.min(count, places);
    const leading = arange(0, kept, { device: patch.device }).unsqueeze(0).expand([batch, kept]);
    const anchors = takePlaces(first, leading);
    const nearest = noGrad(() => {
      const apart = anchors.centers.unsqueeze(2).sub(second.centers.unsqueeze(1)).abs();
      return apart
        .div(patch.view([-1, 1, 1, 2]))
        .amax([3])
        .amin([1])
        .argsort(1)
        .slice(1, 0, kept); // [B, kept]
    });
    return [anchors, takePlaces(second, nearest)];
  });
}
