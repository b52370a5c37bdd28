/**
 * Anatomical contrast (ACL): the same place of a patient looks alike in two views, and unlike other places.
 *
 * Shapes      two views of B images; each keeps K of N patches; embeddings [B, K, E]; tables of pairs [B * K, B * K], a row
 *             for each patch of the first view, and their blocks of the same image [B, K, K].
 * Geometry    a view is an upright crop with a known box [x0, y0, x1, y1] in the image, which is the unit square. Images
 *             of one kind share a field of view, so the same (x, y) of two patients is about the same anatomy.
 *             Distances are the larger of |dx| and |dy|. The patch is the mean of both views' patches.
 * Positive    patches of the same image whose centres are less than half a patch apart; of several, the most similar.
 * Negative    patches of the same image more than `ignoreRadius` patches apart, and patches of other images more than
 *             `otherImageDistance` apart.
 * Ignored     everything else. The same place of another patient is never a negative. Ignored pairs get a logit that
 *             no softmax sees; a 0 would still compete.
 * Loss        InfoNCE on cosine similarities / temperature, from the first view to the second and back, over the patches
 *             that have a positive (the anchors). 0 without any. In float32 whatever the run's precision: in bfloat16 the
 *             likeliest negatives would differ from the positive by less than a digit.
 * Source      the idea of Chaitanya et al. (2020) and Yan et al., "SAM" (2022), on the visible tokens of a masked ViT.
 */
import { arange, autocast, noGrad, operator, rand, scope, stack, type Tensor } from "@medssl/torch";

type GridSize = readonly [rows: number, columns: number];

/** Where the patches of a view are in its image: [B, N, 2] of x, y. @param boxes [B, 4] */
export function patchCenters(boxes: Tensor, [rows, columns]: GridSize): Tensor {
  return scope(() => {
    // Made on the device: a copy from the CPU would wait for all that the device still has to do.
    const along = (count: number) => arange(0, count, { dtype: "float32", device: boxes.device }).add(0.5).div(count);
    const x = along(columns).unsqueeze(0).expand([rows, columns]);
    const y = along(rows).unsqueeze(1).expand([rows, columns]);
    const centers = stack([x, y], 2).flatten(0, 1); // [N, 2] in the view
    const [corner, opposite] = boxes.unsqueeze(1).chunk(2, 2) as [Tensor, Tensor]; // [B, 1, 2] each
    return opposite.sub(corner).mul(centers).add(corner);
  });
}

/** Mean width and height of both views' patches, in image sides: [B, 2]. */
function meanPatch(firstBoxes: Tensor, secondBoxes: Tensor, [rows, columns]: GridSize): Tensor {
  return scope(() => {
    const [width, height] = [firstBoxes, secondBoxes]
      .map((boxes) => boxes.slice(1, 2).sub(boxes.slice(1, 0, 2)))
      .reduce((first, second) => first.add(second).div(2))
      .unbind(1) as [Tensor, Tensor];
    return stack([width.div(columns), height.div(rows)], 1);
  });
}

/** Each sample's own places. @param centers [B, N, 2] @param keepIndices [B, K] @returns [B, K, 2] */
function pick(centers: Tensor, keepIndices: Tensor): Tensor {
  return centers.gather(1, keepIndices.unsqueeze(-1).expand([-1, -1, 2]));
}

/**
 * A mask for the second view that shares places with the first: kept patches of the first view leave ever so many
 * positives when the second keeps the same places first, and the rest at random.
 *
 * @param firstKeep Kept patches of the first view, int64 [B, K]. @returns Those of the second view, [B, K].
 */
export function correlatedKeepIndices(
  firstKeep: Tensor,
  firstBoxes: Tensor,
  secondBoxes: Tensor,
  gridSize: GridSize,
): Tensor {
  return scope(() => {
    const kept = pick(patchCenters(firstBoxes, gridSize), firstKeep).unsqueeze(2); // [B, K, 1, 2]
    const all = patchCenters(secondBoxes, gridSize).unsqueeze(1); // [B, 1, N, 2]
    const patch = meanPatch(firstBoxes, secondBoxes, gridSize).view([-1, 1, 1, 2]);
    const distance = kept.sub(all).abs().div(patch).amax([3]).amin([1]); // [B, N]
    const order = rand(distance.shape, { device: distance.device }).sub(
      distance.lt(POSITIVE_RADIUS).to({ dtype: "float32" }),
    );
    return order.argsort(1).slice(1, 0, firstKeep.size(1));
  });
}

/** Patches nearer than this show the same place. */
const POSITIVE_RADIUS = 0.5;
/** Logit of a pair that takes no part. */
const IGNORED = -1e4;

export interface ContrastSettings {
  readonly temperature: number;
  /** In patches. */
  readonly ignoreRadius: number;
  /** In image sides. */
  readonly otherImageDistance: number;
}

/** Which places of its images a view shows. */
export interface ViewPlaces {
  /** [B, 4] */
  readonly boxes: Tensor;
  /** int64 [B, K] */
  readonly keepIndices: Tensor;
}

export interface ContrastView extends ViewPlaces {
  /** [B, K, E]; their length does not matter. */
  readonly embeddings: Tensor;
}

/** Which pairs of patches attract and which repel; first view's patches first. */
export interface Pairs {
  /** bool [B, K, K]: positives are of the same image. */
  readonly isPositive: Tensor;
  /** bool [B * K, B * K] */
  readonly isNegative: Tensor;
}

const diagonal = operator("aten::diagonal");

/** Of all pairs those of the same image: a view [B, K, K] of [B * K, B * K]. */
function sameImage(pairs: Tensor, batch: number): Tensor {
  const kept = pairs.size(0) / batch;
  return diagonal(pairs.view([batch, kept, batch, kept]), 0, 0, 2).permute([2, 0, 1]);
}

export function findPairs(
  first: ViewPlaces,
  second: ViewPlaces,
  gridSize: GridSize,
  { ignoreRadius, otherImageDistance }: Omit<ContrastSettings, "temperature">,
): Pairs {
  return noGrad(() =>
    scope(() => {
      const [rows, columns] = [first, second].map(({ boxes, keepIndices }) =>
        pick(patchCenters(boxes, gridSize), keepIndices),
      ) as [Tensor, Tensor]; // [B, K, 2]
      const patch = meanPatch(first.boxes, second.boxes, gridSize).view([-1, 1, 1, 2]);
      const inPatches = rows.unsqueeze(2).sub(columns.unsqueeze(1)).abs().div(patch).amax([3]); // [B, K, K]
      const along = (axis: number) =>
        rows.select(2, axis).flatten().unsqueeze(1).sub(columns.select(2, axis).flatten()).abs();
      const isNegative = along(0).maximum(along(1)).gt(otherImageDistance); // [B K, B K]
      sameImage(isNegative, rows.size(0)).copy_(inPatches.gt(ignoreRadius));
      return { isPositive: inPatches.lt(POSITIVE_RADIUS), isNegative };
    }),
  );
}

/** Numbers that tell a healthy run from a collapsed one; scalars. */
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

export interface Contrast {
  readonly loss: Tensor;
  readonly health: ContrastHealth;
}

export function contrastLoss(
  first: ContrastView,
  second: ContrastView,
  gridSize: GridSize,
  settings: ContrastSettings,
): Contrast {
  const inFloat32 = <Result>(fn: () => Result) =>
    autocast({ device: first.embeddings.device, dtype: "float32" }, () => scope(fn));
  return inFloat32(() => {
    const { isPositive, isNegative } = findPairs(first, second, gridSize, settings);
    const rows = unitVectors(first.embeddings); // [B K, E]
    const columns = unitVectors(second.embeddings);
    const logits = rows.div(settings.temperature).matmul(columns.transpose(0, 1));
    const attracted = sameImage(logits, isPositive.size(0)).maskedFill(isPositive.logicalNot(), IGNORED); // [B, K, K]
    const repelled = logits.maskedFill(isNegative.logicalNot(), IGNORED); // [B K, B K]
    const forth = infoNce(attracted.amax(2), repelled.logsumexp(1));
    const back = infoNce(attracted.amax(1), repelled.logsumexp(0));
    return {
      loss: forth.add(back).div(2),
      health: noGrad(() => health(attracted, repelled, isNegative, rows, settings.temperature)),
    };
  });
}

/** [B, K, E] to rows of length 1, float32 [B * K, E]. */
function unitVectors(embeddings: Tensor): Tensor {
  return scope(() => {
    const flat = embeddings.flatten(0, 1).to({ dtype: "float32" });
    return flat.div(flat.norm(1, true).clamp(1e-6));
  });
}

const softplus = operator("aten::softplus");

/** Which patches have a positive, as 0 and 1. @param positives Logit of the best positive, `IGNORED` where there is none. */
const anchorsOf = (positives: Tensor): Tensor =>
  positives
    .detach()
    .gt(IGNORED / 2)
    .to({ dtype: "float32" });

/**
 * Mean over the anchors of -log(e^p / (e^p + sum of e^n)), which is log(1 + e^(n' - p)) with n' the log of that sum.
 *
 * @param positives Each patch's p, [B, K]. @param negatives Each patch's n', [B * K].
 */
function infoNce(positives: Tensor, negatives: Tensor): Tensor {
  return scope(() => {
    const isAnchor = anchorsOf(positives).flatten();
    const losses = softplus(negatives.sub(positives.flatten()));
    return losses.mul(isAnchor).sum().div(isAnchor.sum().clamp(1));
  });
}

function health(
  attracted: Tensor,
  repelled: Tensor,
  isNegative: Tensor,
  embeddings: Tensor,
  temperature: number,
): ContrastHealth {
  return scope(() => {
    const positives = attracted.amax(2).flatten();
    const isAnchor = anchorsOf(positives);
    const anchors = isAnchor.sum();
    const meanOfAnchors = (values: Tensor) => values.mul(isAnchor).sum().div(anchors.clamp(1));
    const negatives = repelled.maskedFill(isNegative.logicalNot(), 0).sum().div(isNegative.sum().clamp(1));
    return {
      top1: meanOfAnchors(positives.gt(repelled.amax(1)).to({ dtype: "float32" })),
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
