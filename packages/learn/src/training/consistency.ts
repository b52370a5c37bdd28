/**
 * Learning from images that nobody labelled: where the running mean of the network is sure of a plain view, its label is the
 * truth of the same view strongly changed.
 *
 * Views    the same crop twice; the strong one has other grey values, noise, blur, and a rectangle of another image pasted in,
 *          whose labels come with it.
 * Weight   rises from 0 over as many steps as it began late, and with the share of pixels that the mean is sure of.
 * Source   Sohn et al., "FixMatch" (2020); Yun et al., "CutMix" (2019); Tarvainen & Valpola, "Mean teachers" (2017); for
 *          segmentation: Yang et al., "UniMatch" (CVPR 2023).
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { noGrad, scope, type Tensor, where } from "@medssl/torch";
import type { ImageSet } from "../data/image-set.ts";
import { type CropManner, cutUnlabeledViews } from "../data/labeled-crops.ts";
import type { Sampler } from "../data/sampler.ts";
import { IGNORED, segmentationLoss } from "../objectives/segmentation-loss.ts";
import type { WeightAverage } from "../optim/weight-average.ts";

export interface ConsistencyOptions extends FinetuneRecipeParts {
  readonly set: ImageSet;
  readonly sampler: Sampler;
  readonly teacher: WeightAverage;
  readonly manner: CropManner;
  forward(images: Tensor): Tensor;
}

type FinetuneRecipeParts = Pick<FinetuneRecipe, "semi">;

/** Strong views, and what they are taken to show. */
export interface PseudoLabels {
  readonly images: Tensor;
  /** int64 [B, S, S], `IGNORED` where the teacher is not sure. */
  readonly labels: Tensor;
  /** Share of the pixels that it is sure of. */
  readonly confident: Tensor;
}

export class Consistency {
  readonly #options: ConsistencyOptions;

  constructor(options: ConsistencyOptions) {
    this.#options = options;
  }

  /** Before the step's own forward pass. @param step 0-based @returns undefined where it has not begun */
  pseudoLabels(step: number): PseudoLabels | undefined {
    const { set, sampler, teacher, manner, semi, forward } = this.#options;
    if (step < semi.startStep) return undefined;
    return noGrad(() =>
      scope(() => {
        const { plain, strong, pasted } = cutUnlabeledViews(set, sampler.next(semi.batchSize), manner);
        const probabilities = teacher.during(() => forward(plain).to({ dtype: "float32" }).softmax(1));
        const isSure = probabilities.amax([1]).ge(semi.confidence);
        const own = where(isSure, probabilities.argmax(1), probabilities.argmax(1).fill_(IGNORED));
        const labels = where(pasted.squeeze(1).gt(0), own.roll([1], [0]), own);
        return { images: strong, labels, confident: labels.ge(0).to({ dtype: "float32" }).mean() };
      }),
    );
  }

  /** What the network's answer to the strong views costs. */
  loss(step: number, { images, labels, confident }: PseudoLabels): Tensor {
    const { semi, forward } = this.#options;
    const ramp = Math.min(1, (step - semi.startStep + 1) / Math.max(1, semi.startStep));
    return scope(() =>
      segmentationLoss(forward(images), labels)
        .loss.mul(confident)
        .mul(semi.weight * ramp),
    );
  }
}
