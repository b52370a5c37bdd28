/**
 * NT-Xent: of two views of each image, each finds the other among all views of the batch.
 *
 * Shapes   embeddings [2 * B, E]: the first views of all images, then the second; W * 2 * B with other processes'.
 * Repeated images (a store smaller than the batch) are no negatives of each other.
 * Source   Chen et al., "A simple framework for contrastive learning of visual representations" (2020).
 */
import { arange, cat, noGrad, type Tensor } from "@medssl/torch";
import { chance, effectiveRank, uniformity } from "../watch/contrast-measures.ts";
import type { Ranks } from "./ranks.ts";
import { inFloat32, unitVectors } from "./unit-vectors.ts";

export interface NtXent {
  readonly loss: Tensor;
  /** Share of views whose other view is more similar than any other. */
  readonly top1: Tensor;
  readonly positiveSimilarity: Tensor;
  readonly negativeSimilarity: Tensor;
  readonly effectiveRank: Tensor;
  readonly uniformity: Tensor;
  readonly chance: Tensor;
}

/** @param imageNumbers Which image each of the B samples is, [B]. */
export function ntXentLoss(embeddings: Tensor, imageNumbers: Tensor, temperature: number, ranks: Ranks): NtXent {
  return inFloat32(embeddings, () => {
    const count = embeddings.size(0);
    const batch = count / 2;
    const unit = unitVectors(embeddings);
    const logits = unit.div(temperature).matmul(ranks.gather(unit).transpose(0, 1)); // [2 B, W 2 B]
    const { isPositive, isNegative } = noGrad(() => {
      const numbers = cat([imageNumbers, imageNumbers]);
      const isOther = numbers.unsqueeze(1).ne(ranks.gather(numbers));
      const partner = arange(0, count, { device: logits.device }).add(batch);
      const own = partner.sub(partner.ge(count).to({ dtype: "int64" }).mul(count)); // [2 B]
      const place = own.add(ranks.index * count).unsqueeze(1);
      const isPartner = arange(0, logits.size(1), { device: logits.device }).eq(place);
      return { isPositive: isPartner.to({ dtype: "float32" }), isNegative: isOther };
    });
    const positives = logits.mul(isPositive).sum([1]);
    const repelled = logits.maskedFill(isNegative.logicalNot(), Number.NEGATIVE_INFINITY);
    const all = cat([positives.unsqueeze(1), repelled], 1).logsumexp(1);
    const loss = all.sub(positives).mean();
    return {
      loss,
      ...noGrad(() => ({
        top1: positives.gt(repelled.amax(1)).to({ dtype: "float32" }).mean(),
        positiveSimilarity: positives.mean().mul(temperature),
        negativeSimilarity: logits.mul(isNegative).sum().div(isNegative.sum().clamp(1)).mul(temperature),
        effectiveRank: effectiveRank(unit),
        uniformity: uniformity(unit),
        chance: chance(loss, isNegative.sum([1]).add(1).log().mean().exp()),
      })),
    };
  });
}
