/**
 * What pre-training sees: crops of unlabelled images, with the place of each crop in its image.
 */
import type { ViewAugmentation } from "@medssl/contract";
import { cat, type Device, scope, type Tensor } from "@medssl/torch";
import { cropImages, randomBoxes } from "../augment/crops.ts";
import { jitterIntensity, type Statistics, standardize } from "../augment/intensity.ts";
import type { ImageSet } from "./image-set.ts";

export interface Views {
  /** Standardised floats [views * B, 1, S, S]: first view of all images, then the second. */
  readonly images: Tensor;
  /** Place of each crop in its image, [views * B, 4] of x0, y0, x1, y1 in 0-1. */
  readonly boxes: Tensor;
}

export interface ViewOptions {
  readonly inputSize: number;
  readonly viewsPerImage: 1 | 2;
  /** How far apart the centres of an image's two views may lie, in image sides. */
  readonly viewDistance: number;
  readonly augmentation: ViewAugmentation;
  readonly statistics: Statistics;
  readonly device: Device;
}

/**
 * Cuts the views of a batch, each with a place and grey values of its own.
 *
 * Crops are upright and not mirrored: a token's place in the image is what anatomical contrast learns from.
 */
export function cutViews(set: ImageSet, indices: readonly number[], options: ViewOptions): Views {
  const { inputSize, viewsPerImage, viewDistance: distance, augmentation, statistics, device } = options;
  return scope(() => {
    const whole = set.images(indices, device);
    const first = randomBoxes(indices.length, augmentation, device);
    const second = () => randomBoxes(indices.length, augmentation, device, { boxes: first, distance });
    const boxes = viewsPerImage === 1 ? first : cat([first, second()]);
    const crops = cropImages(viewsPerImage === 1 ? whole : cat([whole, whole]), boxes, { size: inputSize });
    return { images: standardize(jitterIntensity(crops, augmentation), statistics), boxes };
  });
}
