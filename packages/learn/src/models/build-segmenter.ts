/**
 * The segmentation network that a recipe names, with a pre-trained encoder where there is one.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { readSafetensors, scope } from "@medssl/torch";
import { loadStateDict } from "../nn/module.ts";
import { encoderPath } from "../training/run-directory.ts";
import { HybridUNet } from "./hybrid-unet.ts";
import { UNet } from "./unet.ts";
import { ViT } from "./vit.ts";
import { ViTSegmenter } from "./vit-segmenter.ts";

export type SegmentationNetwork = UNet | ViTSegmenter | HybridUNet;

/**
 * @param numClasses Foreground classes.
 * @param pretrained Folder of a pre-training run.
 */
export function buildSegmenter(recipe: FinetuneRecipe, numClasses: number, pretrained?: string): SegmentationNetwork {
  if (recipe.head === "unet") return new UNet({ numClasses });
  const encoder = new ViT({ ...recipe.encoder, imageSize: recipe.inputSize });
  if (pretrained !== undefined) {
    const path = encoderPath(pretrained);
    scope(() => loadStateDict(encoder, readSafetensors(path).tensors, { source: path }));
  }
  return recipe.head === "vit" ? new ViTSegmenter(encoder, { numClasses }) : new HybridUNet(encoder, { numClasses });
}
