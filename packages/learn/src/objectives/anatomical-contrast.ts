/**
 * Anatomical contrast (ACL): the same place of a patient looks alike in two views, and unlike other places.
 *
 * Shapes      two views of B images, of each K places (patches, or regions); embeddings [B, K, E]; tables of pairs
 *             [B * K, W * B * K] with W processes, a row for each place here.
 * Pairs       which attract, which repel and which take no part: anatomical-places.ts. Ignored pairs get a logit that no
 *             softmax sees; a 0 would still compete.
 * Loss        `infonce` on cosine similarities / temperature, from the first view to the second and back, over the places that
 *             have a positive (the anchors): of several positives the most similar. 0 without any.
 *             `decoupled` leaves the positive out of the denominator: with few negatives its gradient does not vanish.
 *             `attract` has no negatives: it collapses to one vector, and is there to show what that looks like.
 * Soft        near places of other images are positives too, by their nearness, each against the same negatives.
 * Precision   float32 whatever the run's: in bfloat16 the likeliest negatives would differ from the positive by less than a
 *             digit.
 * Source      InfoNCE: van den Oord et al. (2018); decoupled: Yeh et al. (2022); on the visible tokens of a masked ViT.
 */
import type { PretrainRecipe } from "@medssl/contract";
import { noGrad, operator, scope, type Tensor } from "@medssl/torch";
import type { ImagePlaces } from "../data/views.ts";
import { type ContrastSide, findPairs, type OtherSide, type Pairs, sameImage } from "./anatomical-places.ts";
import { type ContrastHealth, healthOf } from "./contrast-health.ts";
import type { Ranks } from "./ranks.ts";
import { inFloat32, unitVectors } from "./unit-vectors.ts";

/** Logit of a pair that takes no part. */
const IGNORED = -1e4;

export type ContrastSettings = Pick<
  PretrainRecipe["contrast"],
  "temperature" | "ignoreRadius" | "otherImageDistance" | "loss" | "otherImages" | "softWeight"
>;

export interface Contrast {
  readonly loss: Tensor;
  readonly health: ContrastHealth;
}

/** @param unit Size of a place in the image, [B, 2]. */
export function contrastLoss(
  first: ContrastSide,
  second: ContrastSide,
  places: ImagePlaces,
  unit: Tensor,
  settings: ContrastSettings,
  ranks: Ranks,
): Contrast {
  return inFloat32(first.embeddings, () => {
    const [rows, columns] = [first, second].map(({ embeddings }) => unitVectors(embeddings)) as [Tensor, Tensor]; // [B K, E]
    const offset = ranks.index * first.centers.size(0);
    const rules = { ...settings, unit, offset, isSoft: settings.otherImages === "soft" };
    const look = (own: ContrastSide, vectors: Tensor, other: ContrastSide, otherVectors: Tensor) => {
      const logits = vectors.div(settings.temperature).matmul(ranks.gather(otherVectors).transpose(0, 1));
      const pairs = findPairs(own, other.centers, places, gatherSide(other, places, ranks), rules);
      return direction(logits, powersOf(logits, pairs, settings), pairs, settings, offset);
    };
    const forth = look(first, rows, second, columns);
    // Alone, the way back is the same table read by its columns.
    const back =
      ranks.of === 1
        ? direction(
            forth.logits.transpose(0, 1),
            forth.powers.transpose(0, 1),
            transposed(forth.pairs),
            settings,
            offset,
          )
        : look(second, columns, first, rows);
    const loss = [forth, back].map(({ sum, anchors }) =>
      sum.div(noGrad(() => ranks.sum(anchors)).clamp(1)).mul(ranks.of),
    );
    return {
      loss: loss[0]!.add(loss[1]!).div(2),
      health: healthOf(forth, rows, settings.temperature),
    };
  });
}

function gatherSide({ anatomy, isPresent }: ContrastSide, places: ImagePlaces, ranks: Ranks): OtherSide {
  if (ranks.of === 1) return { anatomy, isPresent, ...places };
  return noGrad(() => ({
    anatomy: ranks.gather(anatomy),
    isPresent: isPresent && ranks.gather(isPresent.to({ dtype: "float32" })).gt(0),
    kinds: ranks.gather(places.kinds),
    heights: ranks.gather(places.heights),
    areAlike: false, // what the others hold is not known here
  }));
}

const transposed = ({ isPositive, isNegative, nearness }: Pairs): Pairs => ({
  isPositive: isPositive.transpose(1, 2),
  isNegative: isNegative.transpose(0, 1),
  nearness: nearness?.transpose(0, 1),
});

/** One way, from the places here to all of the other view. */
export interface Direction {
  /** Of the anchors' losses, and how many there are; scalars. */
  readonly sum: Tensor;
  readonly anchors: Tensor;
  /** Of each place: the logit of its best positive (`IGNORED` without one), and whether there is one, 0 or 1. [B * K] */
  readonly positives: Tensor;
  readonly isAnchor: Tensor;
  /** Of each place: log of the sum of e^logit over its negatives, [B * K]. */
  readonly negatives: Tensor;
  readonly logits: Tensor;
  /** Of the negatives, see `powersOf`. */
  readonly powers: Tensor;
  readonly pairs: Pairs;
}

/**
 * e^(logit - 1 / temperature) of the negatives, 0 of the others: what both ways sum up, made once since it is the largest
 * table. No cosine is above 1, so nothing overflows.
 */
function powersOf(logits: Tensor, { isNegative }: Pairs, { temperature }: ContrastSettings): Tensor {
  return scope(() =>
    logits
      .sub(1 / temperature)
      .exp()
      .mul(isNegative.to({ dtype: "float32" })),
  );
}

/** The smallest sum of powers that is told from none. */
const NO_POWER = 1e-37;

/** Logarithm of the sum of the negatives' e^logit, `IGNORED` where there are none: [B K]. */
function negativesOf(powers: Tensor, { temperature }: ContrastSettings): Tensor {
  return scope(() => {
    const sums = powers.sum([1]);
    return sums
      .clamp(NO_POWER)
      .log()
      .add(1 / temperature)
      .maskedFill(sums.le(NO_POWER), IGNORED);
  });
}

const softplus = operator("aten::softplus");

function direction(
  logits: Tensor,
  powers: Tensor,
  pairs: Pairs,
  settings: ContrastSettings,
  offset: number,
): Direction {
  const { loss, softWeight } = settings;
  const batch = pairs.isPositive.size(0);
  const own = sameImage(logits, batch, offset).maskedFill(pairs.isPositive.logicalNot(), IGNORED); // [B, K, K]
  const positives = own.amax(2).flatten();
  const negatives = negativesOf(powers, settings);
  const isAnchor = takesPart(positives);
  const cost = (positive: Tensor, negative: Tensor) =>
    loss === "infonce"
      ? softplus(negative.sub(positive))
      : loss === "decoupled"
        ? decoupled(positive, negative)
        : positive.neg();
  let costs = cost(positives, negatives).mul(isAnchor);
  if (pairs.nearness !== undefined) {
    // Each near place of another image costs like a positive of its own; the mean counts them by their weights.
    const weights = pairs.nearness.mul(softWeight).mul(isAnchor.unsqueeze(1));
    const others = cost(logits, negatives.unsqueeze(1)).mul(weights).sum([1]);
    costs = costs.add(others).div(weights.sum([1]).add(1));
  }
  return { sum: costs.sum(), anchors: isAnchor.sum(), positives, isAnchor, negatives, logits, powers, pairs };
}

/** Without negatives there is nothing to be told from, and no cost. */
function decoupled(positive: Tensor, negative: Tensor): Tensor {
  return negative.sub(positive).mul(takesPart(negative));
}

/** Which logits take part, as 0 and 1. */
const takesPart = (logits: Tensor): Tensor =>
  logits
    .detach()
    .gt(IGNORED / 2)
    .to({ dtype: "float32" });
