/**
 * What fine-tuning sees: crops of images together with the same crops of their masks, or two views of unlabelled ones.
 */
import type { CropAugmentation } from "@medssl/contract";
import { type Device, linspace, scope, type Tensor, where } from "@medssl/torch";
import {
  type CropOptions,
  centerOnStructures,
  cropImages,
  mirrorAtRandom,
  randomAngles,
  randomBoxes,
  randomDisplacements,
} from "../augment/crops.ts";
import { Draws } from "../augment/draws.ts";
import { degrade, jitterIntensity, type Statistics, standardize } from "../augment/intensity.ts";
import { IGNORED } from "../objectives/segmentation-loss.ts";
import type { ImageSet } from "./image-set.ts";

export interface LabeledCrops {
  /** Standardised floats [B, C, S, S]. */
  readonly images: Tensor;
  /** Label indices, int64 [B, S, S]; 0 is background, and what lies outside of the image; `IGNORED` what nobody labelled. */
  readonly labels: Tensor;
}

export interface CropManner {
  readonly inputSize: number;
  /** Slices on each side that are seen as channels. @default 0 */
  readonly contextSlices?: number;
  readonly augmentation: CropAugmentation;
  readonly statistics: Statistics;
  readonly device: Device;
}

export interface LabeledCropOptions extends CropManner {
  /** Values of the structures, for crops that are centred on one. */
  readonly values?: readonly number[];
  /** Share of such crops. @default 0 */
  readonly foregroundShare?: number;
  /** Value of pixels that nobody labelled. */
  readonly ignoredValue?: number | undefined;
}

export function cutLabeledCrops(set: ImageSet, indices: readonly number[], options: LabeledCropOptions): LabeledCrops {
  const { augmentation, statistics, device, contextSlices, foregroundShare = 0, values = [], ignoredValue } = options;
  return scope(() => {
    const images = set.images(indices, device, contextSlices);
    const masks = set.masks(indices).to({ device });
    const draws = new Draws(indices.length, device);
    const anywhere = randomBoxes(draws, augmentation);
    const upright =
      foregroundShare === 0 ? anywhere : someOnStructures(anywhere, masks, values, foregroundShare, draws);
    const { boxes, crop } = geometry(upright, draws, options);
    const crops = cropImages(images, boxes, crop);
    const cut = cropImages(masks.to({ dtype: "float32" }).unsqueeze(1), boxes, { ...crop, mode: "nearest" }).squeeze(1);
    const labels = ignoredValue === undefined ? cut : cut.maskedFill(cut.eq(ignoredValue), IGNORED);
    const changed = degrade(jitterIntensity(crops, draws, augmentation), draws, augmentation);
    return { images: standardize(changed, statistics, images), labels: labels.to({ dtype: "int64" }) };
  });
}

function someOnStructures(
  boxes: Tensor,
  masks: Tensor,
  values: readonly number[],
  share: number,
  draws: Draws,
): Tensor {
  return scope(() => {
    const isCentered = draws.unit(1).lt(share);
    return where(isCentered, centerOnStructures(boxes, masks, values, draws), boxes);
  });
}

/** How a batch is cut, the same for images and masks. */
function geometry(
  upright: Tensor,
  draws: Draws,
  { inputSize, augmentation }: CropManner,
): { boxes: Tensor; crop: CropOptions } {
  const angles = randomAngles(draws, augmentation);
  const boxes = augmentation.flip ? mirrorAtRandom(upright, draws) : upright;
  return {
    boxes,
    crop: { size: inputSize, angles, displacements: randomDisplacements(draws, inputSize, augmentation) },
  };
}

/** The same crops twice: as they are, and strongly changed. */
export interface UnlabeledViews {
  readonly plain: Tensor;
  /** Other grey values, noise and blur, and a rectangle of the next image in the batch pasted in. */
  readonly strong: Tensor;
  /** 1 where `strong` shows the next image's pixels, [B, 1, S, S]. */
  readonly pasted: Tensor;
}

/** Largest changes of the strong views; more than any augmentation of labelled crops. */
const STRONG = { gamma: 0.7, contrast: 0.6, brightness: 0.3, noise: 0.08, blur: 2 } as const;
/** Sides of what is pasted, as shares of the crop's. */
const PASTED_SIDES = [0.25, 0.6] as const;

export function cutUnlabeledViews(set: ImageSet, indices: readonly number[], options: CropManner): UnlabeledViews {
  const { augmentation, statistics, device, inputSize, contextSlices } = options;
  return scope(() => {
    const draws = new Draws(indices.length, device);
    const { boxes, crop } = geometry(randomBoxes(draws, augmentation), draws, options);
    const images = set.images(indices, device, contextSlices);
    const plain = cropImages(images, boxes, crop);
    const pasted = randomRectangles(draws, inputSize);
    const strong = degrade(jitterIntensity(plain, draws, STRONG), draws, STRONG);
    return {
      plain: standardize(plain, statistics, images),
      strong: standardize(where(pasted.gt(0), strong.roll([1], [0]), strong), statistics, images),
      pasted,
    };
  });
}

/** 1 within a random rectangle, else 0. @returns [B, 1, size, size] */
function randomRectangles(draws: Draws, size: number): Tensor {
  return scope(() => {
    const sides = draws.between(...PASTED_SIDES, 2);
    const corner = draws.unit(2).mul(sides.neg().add(1));
    const places = linspace(0.5 / size, 1 - 0.5 / size, size, { device: draws.device }).unsqueeze(0); // [1, size]
    const at = (axis: 0 | 1) => {
      const [low, side] = [corner.slice(1, axis, axis + 1), sides.slice(1, axis, axis + 1)];
      return places.ge(low).logicalAnd(places.lt(low.add(side))); // [B, size]
    };
    return at(0).unsqueeze(1).logicalAnd(at(1).unsqueeze(2)).unsqueeze(1).to({ dtype: "float32" });
  });
}
