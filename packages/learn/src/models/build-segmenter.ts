/**
 * The segmentation network that a recipe names, with a pre-trained encoder where there is one.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { loadStateDict, stateDict } from "../nn/module.ts";
import { HybridUNet } from "./hybrid-unet.ts";
import { UNet } from "./unet.ts";
import { ViT } from "./vit.ts";
import { ViTSegmenter } from "./vit-segmenter.ts";

export type SegmentationNetwork = UNet | ViTSegmenter | HybridUNet;

/**
 * @param numClasses Foreground classes.
 * @param pretrained Of the recipe's shape; its values are taken over, and it is released.
 */
export function buildSegmenter(recipe: FinetuneRecipe, numClasses: number, pretrained?: ViT): SegmentationNetwork {
  if (recipe.head === "unet") return new UNet({ numClasses });
  const encoder = new ViT({ ...recipe.encoder, imageSize: recipe.inputSize });
  if (pretrained !== undefined) {
    loadStateDict(encoder, new Map(stateDict(pretrained)));
    for (const [, tensor] of stateDict(pretrained)) tensor.dispose();
  }
  return recipe.head === "vit" ? new ViTSegmenter(encoder, { numClasses }) : new HybridUNet(encoder, { numClasses });
}
