/**
 * How a contrastive objective fares, beside its loss: scalar tensors, made on the device without waiting for it.
 *
 * Shapes      embeddings are rows of length 1, float32 [M, E]; `isAnchor` are 0 and 1, float32 [M]: rows that have a positive.
 * alignment   mean ||x - y||^2 of a row and its positive, which is 2 - 2 cosine. 0 when they agree, 2 when they have nothing in
 *             common.
 * uniformity  log mean exp(-2 ||x - x'||^2) over pairs of rows. 0 when all rows are the same, -4 (plus little) when they
 *             spread over a sphere of many dimensions. Of at most `maxRows` rows, evenly spaced: no chance is used up.
 * effective rank  1 / ||X^T X / M||_F^2, which is (sum of eigenvalues)^2 / sum of their squares: as many dimensions as are
 *             used alike. Not centred, so rows that are all the same have rank 1; below about 3 is collapse. RankMe, the
 *             exponential of the entropy, says the same but needs singular values, for which a GPU is waited for.
 * chance      exp(-loss) x N: how much likelier the positive is than a guess among N candidates, as a geometric mean. 1 is
 *             guessing, N is certainty.
 * top-1       share of anchors whose positive is more similar than any negative; 0 without anchors. A sanity check, no measure of quality.
 * Together    collapse: alignment and uniformity near 0, rank near 1. Guessing: chance near 1 with a loss near log N.
 * Source      Wang & Isola, "Understanding contrastive representation learning" (2020); Garrido et al., "RankMe" (2023).
 */
import { noGrad, operator, scope, type Tensor } from "@medssl/torch";

const fillDiagonal = operator("aten::fill_diagonal_");

/** @param similarity Mean cosine of rows and their positives. */
export const alignment = (similarity: Tensor): Tensor => measured(() => similarity.mul(-2).add(2));

/** @param maxRows The pairs of at most so many rows are looked at. NaN for a single row. @default 512 */
export function uniformity(embeddings: Tensor, maxRows = 512): Tensor {
  return measured(() => {
    const stride = Math.ceil(embeddings.size(0) / maxRows);
    const rows = embeddings.slice(0, 0, undefined, stride);
    const count = rows.size(0);
    // -2 ||x - y||^2 = 4 cosine - 4
    const exponents = fillDiagonal(rows.matmul(rows.transpose(0, 1)).mul(4).sub(4), Number.NEGATIVE_INFINITY);
    return exponents
      .flatten()
      .logsumexp(0)
      .sub(Math.log(count * (count - 1)));
  });
}

export function effectiveRank(embeddings: Tensor): Tensor {
  return measured(() => {
    const moments = embeddings.transpose(0, 1).matmul(embeddings).div(embeddings.size(0));
    return moments.square().sum().reciprocal();
  });
}

/**
 * @param loss InfoNCE: the mean over anchors of -log of the positive's share.
 * @param candidates Positive and negatives of an anchor. Where anchors have different numbers: exp of the mean of their logs.
 */
export function chance(loss: Tensor, candidates: Tensor | number): Tensor {
  return measured(() => loss.neg().exp().mul(candidates));
}

/**
 * @param positives Similarity of each row with its positive, [M].
 * @param negatives The largest similarity with a negative, [M].
 */
export function top1(positives: Tensor, negatives: Tensor, isAnchor?: Tensor): Tensor {
  return measured(() => meanOfAnchors(positives.gt(negatives).to({ dtype: "float32" }), isAnchor));
}

const measured = (measure: () => Tensor): Tensor => noGrad(() => scope(measure));

function meanOfAnchors(values: Tensor, isAnchor?: Tensor): Tensor {
  if (isAnchor === undefined) return values.mean();
  return values.mul(isAnchor).sum().div(isAnchor.sum().clamp(1));
}
