/**
 * Where patches are in their images and in the body, and which pairs of them show the same place.
 *
 * Shapes      B images, of each a view that keeps K of N patches; W * B images where other processes' are compared with.
 * Geometry    a view is an upright crop with a known box [x0, y0, x1, y1] in the image, which is the unit square. Between
 *             images places are counted in a frame: the thorax of a frontal X-ray, else the image itself.
 * Distances   the larger of |dx| and |dy| and, where two slices' heights compare, |dz|.
 * Positive    places of the same image less than half a unit apart; the unit is the mean of both views' patches.
 * Negative    places of the same image more than `ignoreRadius` units apart, and places of other images of the same kind more
 *             than `otherImageDistance` apart, in sides of the frame.
 * Ignored     everything else: the same place of another patient, places of a frontal X-ray beside those of a lateral one or
 *             of a CT slice, places that show nothing (padding).
 * Source      after Chaitanya et al. (2020) and Yan et al., "SAM" (2022).
 */
import { arange, cat, noGrad, operator, scope, stack, type Tensor } from "@medssl/torch";
import type { ImagePlaces } from "../data/views.ts";
import type { GridSize } from "./masking.ts";
import { inFloat32 } from "./unit-vectors.ts";

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
export function meanPatch(firstBoxes: Tensor, secondBoxes: Tensor, [rows, columns]: GridSize): Tensor {
  return scope(() => {
    const [width, height] = [firstBoxes, secondBoxes]
      .map((boxes) =>
        boxes
          .slice(1, 2)
          .sub(boxes.slice(1, 0, 2))
          .abs(),
      )
      .reduce((first, second) => first.add(second).div(2))
      .unbind(1) as [Tensor, Tensor];
    return stack([width.div(columns), height.div(rows)], 1);
  });
}

/** Each sample's own rows. @param table [B, N, E] @param indices [B, K] @returns [B, K, E] */
function pick(table: Tensor, indices: Tensor): Tensor {
  return table.gather(1, indices.unsqueeze(-1).expand([-1, -1, table.size(2)]));
}

/** Patches nearer than this show the same place. */
const POSITIVE_RADIUS = 0.5;

/**
 * A mask for the second view that shares places with the first: kept patches of the first view leave ever so many
 * positives when the second keeps the same places first, and the rest as its own mask would.
 *
 * @param firstKeep Kept patches of the first view, int64 [B, K].
 * @param noise What the others are ordered by, [B, N] of 0-1. @returns Those of the second view, [B, K].
 */
export function correlatedKeepIndices(
  firstKeep: Tensor,
  firstBoxes: Tensor,
  secondBoxes: Tensor,
  gridSize: GridSize,
  noise: Tensor,
): Tensor {
  return scope(() => {
    const kept = pick(patchCenters(firstBoxes, gridSize), firstKeep).unsqueeze(2); // [B, K, 1, 2]
    const all = patchCenters(secondBoxes, gridSize).unsqueeze(1); // [B, 1, N, 2]
    const patch = meanPatch(firstBoxes, secondBoxes, gridSize).view([-1, 1, 1, 2]);
    const distance = kept.sub(all).abs().div(patch).amax([3]).amin([1]); // [B, N]
    const order = noise.sub(distance.lt(POSITIVE_RADIUS).to({ dtype: "float32" }));
    return order.argsort(1).slice(1, 0, firstKeep.size(1));
  });
}

/** What is contrasted: K places of each image, as one view shows them. */
export interface ContrastSide {
  /** [B, K, E]; their length does not matter. */
  readonly embeddings: Tensor;
  /** In the image, [B, K, 2]. */
  readonly centers: Tensor;
  /** In the frame of the body, [B, K, 2]. */
  readonly anatomy: Tensor;
  /** Which places show something, bool [B, K]; undefined: all. */
  readonly isPresent: Tensor | undefined;
}

/** Some of a side's places. @param indices int64 [B, k] */
export function takePlaces({ embeddings, centers, anatomy, isPresent }: ContrastSide, indices: Tensor): ContrastSide {
  return {
    embeddings: pick(embeddings, indices),
    centers: pick(centers, indices),
    anatomy: pick(anatomy, indices),
    isPresent: isPresent?.gather(1, indices),
  };
}

/** Which places of its images a view shows. */
export interface ViewPlaces {
  /** [B, 4] */
  readonly boxes: Tensor;
  /** int64 [B, K] */
  readonly keepIndices: Tensor;
}

/** The places of a view's kept patches. @param frames [B, 4] */
export function placesOfView(
  { boxes, keepIndices }: ViewPlaces,
  frames: Tensor,
  gridSize: GridSize,
): Pick<ContrastSide, "centers" | "anatomy"> {
  return noGrad(() =>
    scope(() => {
      const centers = pick(patchCenters(boxes, gridSize), keepIndices);
      const [corner, opposite] = frames.unsqueeze(1).chunk(2, 2) as [Tensor, Tensor];
      return { centers, anatomy: centers.sub(corner).div(opposite.sub(corner)) };
    }),
  );
}

/**
 * The means of the embeddings in each region of the body, as places of their own.
 *
 * @param grid Regions along each axis of the frame. @returns A side with grid^2 places; regions that nothing lies in are not present.
 */
export function poolRegions({ embeddings, anatomy, isPresent }: ContrastSide, grid: number): ContrastSide {
  return inFloat32(embeddings, () => {
    const cells = anatomy.mul(grid).floor(); // [B, K, 2] of column, row
    const [column, row] = cells.chunk(2, 2) as [Tensor, Tensor]; // [B, K, 1]
    const isInside = cells.ge(0).logicalAnd(cells.lt(grid)).to({ dtype: "float32" }).amin([2], true);
    const counted = isPresent === undefined ? isInside : isInside.mul(isPresent.unsqueeze(2));
    const numbers = arange(0, grid ** 2, { dtype: "float32", device: anatomy.device }); // [R]
    const isIn = row.mul(grid).add(column).eq(numbers).to({ dtype: "float32" }).mul(counted).transpose(1, 2); // [B, R, K]
    const counts = isIn.sum([2], true); // [B, R, 1]
    const pooled = isIn.div(counts.clamp(1)).matmul(embeddings.to({ dtype: "float32" }));
    const whole = fullFrame(anatomy);
    const centers = patchCenters(whole, [grid, grid]);
    return { embeddings: pooled, centers, anatomy: centers, isPresent: counts.squeeze(2).gt(0) };
  });
}

/** The unit square for each image: [B, 4]. */
function fullFrame(like: Tensor): Tensor {
  return scope(() => {
    const corner = like.select(1, 0).mul(0); // [B, 2]
    return cat([corner, corner.add(1)], 1);
  });
}

/** Which pairs of places attract and which repel; first view's places first. */
export interface Pairs {
  /** bool [B, K, K]: positives are of the same image. */
  readonly isPositive: Tensor;
  /** bool [B * K, W * B * K] */
  readonly isNegative: Tensor;
  /** Of places of other images, [B * K, W * B * K]: 1 at the same place, 0 from `otherImageDistance` on and where nothing is known. */
  readonly nearness: Tensor | undefined;
}

export interface PairRules {
  /** Size of a place in the image, [B, 2]. */
  readonly unit: Tensor;
  /** In units. */
  readonly ignoreRadius: number;
  /** In sides of the frame. */
  readonly otherImageDistance: number;
  /** Whether `nearness` is wanted. */
  readonly isSoft: boolean;
  /** First of the images here among those of all processes. */
  readonly offset: number;
}

/** The places that the other side's images are at, of all processes: [W * B, ...]. */
export type OtherSide = Pick<ContrastSide, "anatomy" | "isPresent"> &
  Pick<ImagePlaces, "kinds" | "heights" | "areAlike">;

const diagonal = operator("aten::diagonal");

/** Of all pairs those of the same image: a view [B, K, K] of [B * K, W * B * K]. */
export function sameImage(pairs: Tensor, batch: number, offset: number): Tensor {
  const kept = pairs.size(0) / batch;
  return diagonal(pairs.view([batch, kept, pairs.size(1) / kept, kept]), offset, 0, 2).permute([2, 0, 1]);
}

/** @param opposite The own images' places on the other side, [B, K, 2] in the image. */
export function findPairs(
  own: Pick<ContrastSide, "centers" | "anatomy" | "isPresent">,
  opposite: Tensor,
  places: ImagePlaces,
  others: OtherSide,
  { unit, ignoreRadius, otherImageDistance, isSoft, offset }: PairRules,
): Pairs {
  return noGrad(() =>
    scope(() => {
      const batch = own.centers.size(0);
      const apart = own.centers.unsqueeze(2).sub(opposite.unsqueeze(1)).abs();
      const inUnits = apart.div(unit.view([-1, 1, 1, 2])).amax([3]); // [B, K, K]
      const along = (axis: number) =>
        own.anatomy.select(2, axis).flatten().unsqueeze(1).sub(others.anatomy.select(2, axis).flatten()).abs();
      const flat = along(0).maximum(along(1)); // [B K, W B K]
      const between = others.areAlike ? undefined : betweenImages(places, others);
      const kept = own.centers.size(1);
      const spread = (table: Tensor) =>
        table.unsqueeze(1).unsqueeze(3).expand([-1, kept, -1, kept]).reshape(flat.shape);
      const distance = between === undefined ? flat : flat.maximum(spread(between.heights));
      let isNegative = distance.gt(otherImageDistance);
      if (between !== undefined) isNegative = isNegative.logicalAnd(spread(between.isSameKind));
      sameImage(isNegative, batch, offset).copy_(inUnits.gt(ignoreRadius));
      let isPositive = inUnits.lt(POSITIVE_RADIUS);
      let nearness: Tensor | undefined;
      if (isSoft) {
        nearness = distance.neg().div(Math.max(otherImageDistance, 1e-6)).add(1).clamp(0); // 1 at the same place, 0 at that distance
        if (between !== undefined) nearness = nearness.mul(spread(between.compare));
        sameImage(nearness, batch, offset).copy_(inUnits.mul(0));
      }
      if (own.isPresent !== undefined && others.isPresent !== undefined) {
        const isPair = own.isPresent.flatten().unsqueeze(1).logicalAnd(others.isPresent.flatten());
        isNegative = isNegative.logicalAnd(isPair);
        isPositive = isPositive.logicalAnd(sameImage(isPair, batch, offset));
        nearness = nearness?.mul(isPair);
      }
      return { isPositive, isNegative, nearness };
    }),
  );
}

/** What holds between images, whatever the patch: each [B, W * B]. */
function betweenImages(own: Pick<ImagePlaces, "kinds" | "heights">, others: Pick<ImagePlaces, "kinds" | "heights">) {
  return scope(() => {
    const isSameKind = own.kinds.unsqueeze(1).eq(others.kinds);
    const [frame, height] = own.heights.unsqueeze(1).unbind(2) as [Tensor, Tensor]; // [B, 1]
    const [otherFrame, otherHeight] = others.heights.unbind(1) as [Tensor, Tensor];
    const compare = frame.eq(otherFrame).logicalAnd(frame.ge(0)).to({ dtype: "float32" });
    return { isSameKind, compare, heights: height.sub(otherHeight).abs().mul(compare) };
  });
}
