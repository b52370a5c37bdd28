/** Numbers that tell a healthy contrast from a collapsed one. */
import { scope, type Tensor } from "@medssl/torch";
import type { Direction } from "./anatomical-contrast.ts";

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
}

export function healthOf(
  { positives, isAnchor, logits, pairs: { isNegative } }: Direction,
  embeddings: Tensor,
  temperature: number,
): ContrastHealth {
  return scope(() => {
    const anchors = isAnchor.sum();
    const meanOfAnchors = (values: Tensor) => values.mul(isAnchor).sum().div(anchors.clamp(1));
    const hardest = logits.maskedFill(isNegative.logicalNot(), Number.NEGATIVE_INFINITY).amax(1);
    const negatives = logits.maskedFill(isNegative.logicalNot(), 0).sum().div(isNegative.sum().clamp(1));
    return {
      top1: meanOfAnchors(positives.gt(hardest).to({ dtype: "float32" })),
      positiveSimilarity: meanOfAnchors(positives).mul(temperature),
      negativeSimilarity: negatives.mul(temperature),
      anchors,
      effectiveRank: effectiveRank(embeddings),
    };
  });
}

/**
 * (sum of eigenvalues)^2 / sum of their squares, of the second-moment matrix: as many dimensions as are used alike.
 *
 * @param embeddings Rows of length 1 [M, E]. Not centred: vectors that are all the same have rank 1.
 */
export function effectiveRank(embeddings: Tensor): Tensor {
  return scope(() => {
    const moments = embeddings.transpose(0, 1).matmul(embeddings).div(embeddings.size(0));
    return moments.square().sum().reciprocal();
  });
}
