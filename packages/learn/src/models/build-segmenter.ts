/**
 * The segmentation network that a recipe names, with a pre-trained encoder where there is one.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import type { Tensor } from "@medssl/torch";
import { loadStateDict, stateDict } from "../nn/module.ts";
import { HybridUNet } from "./hybrid-unet.ts";
import { UNet } from "./unet.ts";
import { ViT } from "./vit.ts";
import { ViTSegmenter } from "./vit-segmenter.ts";

export type SegmentationNetwork = UNet | ViTSegmenter | HybridUNet;

/** What a network may begin with. */
export interface PretrainedParts {
  readonly encoder: ViT;
  /** Of a hybrid; its output layer is new all the same. */
  readonly convolutions?: ReadonlyMap<string, Tensor> | undefined;
}

/**
 * @param numClasses Foreground classes.
 * @param pretrained Of the recipe's shape; its values are taken over, and it is released.
 */
export function buildSegmenter(
  recipe: FinetuneRecipe,
  numClasses: number,
  pretrained?: PretrainedParts,
): SegmentationNetwork {
  if (recipe.head === "unet") return new UNet({ numClasses });
  const encoder = new ViT({ ...recipe.encoder, imageSize: recipe.inputSize });
  if (pretrained !== undefined) {
    loadStateDict(encoder, new Map(stateDict(pretrained.encoder)));
    for (const [, tensor] of stateDict(pretrained.encoder)) tensor.dispose();
  }
  if (recipe.head === "vit") return new ViTSegmenter(encoder, { numClasses });
  const hybrid = new HybridUNet(encoder, { numClasses });
  if (pretrained?.convolutions !== undefined) {
    loadStateDict(hybrid, pretrained.convolutions, { strict: false });
    for (const tensor of pretrained.convolutions.values()) tensor.dispose();
  }
  return hybrid;
}
