/**
 * What fine-tuning sees: crops of images together with the same crops of their masks.
 */
import type { CropAugmentation } from "@medssl/contract";
import { type Device, scope, type Tensor } from "@medssl/torch";
import { cropImages, mirrorAtRandom, randomAngles, randomBoxes } from "../augment/crops.ts";
import { Draws } from "../augment/draws.ts";
import { jitterIntensity, type Statistics, standardize } from "../augment/intensity.ts";
import type { ImageSet } from "./image-set.ts";

export interface LabeledCrops {
  /** Standardised floats [B, 1, S, S]. */
  readonly images: Tensor;
  /** Label indices, int64 [B, S, S]; 0 is background, and what lies outside of the image. */
  readonly labels: Tensor;
}

export interface LabeledCropOptions {
  readonly inputSize: number;
  readonly augmentation: CropAugmentation;
  readonly statistics: Statistics;
  readonly device: Device;
}

export function cutLabeledCrops(set: ImageSet, indices: readonly number[], options: LabeledCropOptions): LabeledCrops {
  const { inputSize, augmentation, statistics, device } = options;
  return scope(() => {
    const images = set.images(indices, device);
    const masks = set.masks(indices).to({ device }).to({ dtype: "float32" }).unsqueeze(1);
    const draws = new Draws(indices.length, device);
    const upright = randomBoxes(draws, augmentation);
    const crop = { size: inputSize, angles: randomAngles(draws, augmentation) };
    const boxes = augmentation.flip ? mirrorAtRandom(upright, draws) : upright;
    const crops = cropImages(images, boxes, crop);
    const labels = cropImages(masks, boxes, { ...crop, mode: "nearest" })
      .squeeze(1)
      .to({ dtype: "int64" });
    return { images: standardize(jitterIntensity(crops, draws, augmentation), statistics), labels };
  });
}
