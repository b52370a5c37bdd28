/**
 * What a pre-trained encoder says of the places of an image: one vector for each patch of a crop.
 *
 * Shapes  crops are cut by boxes [B, 4] of one image and give [B, N, E]: N patches, row by row, vectors of length 1.
 * Vectors the encoder's tokens behind its final norm. The projected ones, in whose space pre-training contrasts places, find
 *         places no better on phantoms, and lose them at the image's edges.
 */
import { cat, type Device, manualSeed, noGrad, scope, type Tensor } from "@medssl/torch";
import { cropImages } from "../augment/crops.ts";
import { type Statistics, standardize } from "../augment/intensity.ts";
import { loadEncoder } from "../models/load-encoder.ts";
import { ViT } from "../models/vit.ts";
import { moveModule } from "../nn/module.ts";
import { readCompleteRun } from "../training/run-directory.ts";

export interface PlaceEncoder {
  /** Rows and columns of patches. */
  readonly gridSize: readonly [number, number];
  /** @param image Grey values of 0-1 [1, 1, H, W] @param boxes [B, 4] @returns [B, N, E] */
  readonly embed: (image: Tensor, boxes: Tensor) => Tensor;
}

/** Crops that pass through the network at once: bounds memory. */
const BATCH = 16;

function placeEncoder(vit: ViT, statistics: Statistics): PlaceEncoder {
  const size = vit.gridSize[0] * vit.options.patchSize;
  const vectors = (image: Tensor, boxes: Tensor): Tensor =>
    scope(() => {
      const crops = cropImages(image.expand([boxes.size(0), -1, -1, -1]), boxes, { size });
      const tokens = vit.forwardTokens(standardize(crops, statistics)).slice(1, vit.numPrefixTokens);
      return tokens.div(tokens.norm(-1, true).clamp(1e-6));
    });
  return {
    gridSize: vit.gridSize,
    embed: (image, boxes) =>
      noGrad(() => scope(() => cat(boxes.chunk(Math.ceil(boxes.size(0) / BATCH)).map((some) => vectors(image, some))))),
  };
}

/**
 * @param dir Folder of a complete pre-training run, of whatever method.
 * @throws {MedsslError} `ERR_RUN_MISSING`, `ERR_RUN_STAGE`, `ERR_RUN_INCOMPLETE`, and those of its weights.
 */
export function loadPlaceEncoder(dir: string, device: Device): PlaceEncoder {
  const { recipe, statistics } = readCompleteRun(dir, "pretrain");
  const { encoder } = loadEncoder(dir, { imageSize: recipe.inputSize });
  return placeEncoder(moveModule(encoder, device), statistics);
}

/** The same network with random weights, to compare with. */
export function untrainedPlaceEncoder(dir: string, device: Device): PlaceEncoder {
  const { recipe, statistics } = readCompleteRun(dir, "pretrain");
  manualSeed(recipe.seed);
  return placeEncoder(moveModule(new ViT({ ...recipe.encoder, imageSize: recipe.inputSize }), device), statistics);
}
