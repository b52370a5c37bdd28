/** Numbers that tell a healthy contrast from a collapsed one; what each means: watch/contrast-measures.ts. */
import { noGrad, operator, scope, type Tensor } from "@medssl/torch";
import { alignment, chance, effectiveRank, top1, uniformity } from "../watch/contrast-measures.ts";
import type { Direction } from "./anatomical-contrast.ts";

const softplus = operator("aten::softplus");

/** Scalars. */
export interface ContrastHealth {
  /** Share of anchors whose positive is more similar than any negative. A sanity check, no measure of quality. */
  readonly top1: Tensor;
  /** Mean cosine similarity of anchors with their positive, and of all negative pairs. */
  readonly positiveSimilarity: Tensor;
  readonly negativeSimilarity: Tensor;
  /** Patches of the first view that have a positive. */
  readonly anchors: Tensor;
  /** Dimensions that the embeddings spread over: 1 when all are the same vector. Below about 3 is collapse. */
  readonly effectiveRank: Tensor;
  /** Mean squared distance of anchors and their positives. */
  readonly alignment: Tensor;
  readonly uniformity: Tensor;
  /** How much likelier than by guessing the positive is found. */
  readonly chance: Tensor;
}

/** @param embeddings Rows of length 1, [M, E]. */
export function healthOf(
  { anchors, positives, isAnchor, negatives, logits, powers, pairs: { isNegative } }: Direction,
  embeddings: Tensor,
  temperature: number,
): ContrastHealth {
  return noGrad(() =>
    scope(() => {
      const meanOfAnchors = (values: Tensor) => values.mul(isAnchor).sum().div(anchors.clamp(1));
      const candidates = isNegative.sum([1]).add(1); // [M]
      const apart = logits.mul(isNegative).sum().div(candidates.sum().sub(candidates.numel).clamp(1));
      const positiveSimilarity = meanOfAnchors(positives).mul(temperature);
      return {
        top1: top1(positives.sub(1 / temperature).exp(), powers.amax(1), isAnchor),
        positiveSimilarity,
        negativeSimilarity: apart.mul(temperature),
        anchors,
        effectiveRank: effectiveRank(embeddings),
        alignment: alignment(positiveSimilarity),
        uniformity: uniformity(embeddings),
        // Of InfoNCE, whatever form of it is minimised.
        chance: chance(meanOfAnchors(softplus(negatives.sub(positives))), meanOfAnchors(candidates.log()).exp()),
      };
    }),
  );
}
