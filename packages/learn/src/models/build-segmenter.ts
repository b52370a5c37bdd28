/**
 * The segmentation network that a recipe names, with a pre-trained encoder where there is one.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { scope } from "@medssl/torch";
import { loadStateDict, stateDict } from "../nn/module.ts";
import { HybridUNet } from "./hybrid-unet.ts";
import { LinearProbe } from "./linear-probe.ts";
import { PyramidSegmenter } from "./pyramid-segmenter.ts";
import { inflateChannels } from "./resize-weights.ts";
import type { SegmentationNetwork } from "./segmentation-network.ts";
import { UNet } from "./unet.ts";
import { UPerNet } from "./upernet.ts";
import { ViT } from "./vit.ts";
import { ViTSegmenter } from "./vit-segmenter.ts";

export type { SegmentationNetwork } from "./segmentation-network.ts";

/**
 * @param recipe Says how many slices the network sees as channels, too.
 * @param numClasses Foreground classes.
 * @param pretrained Of the recipe's shape, for grey images; its values are taken over, and it is released.
 */
export function buildSegmenter(recipe: FinetuneRecipe, numClasses: number, pretrained?: ViT): SegmentationNetwork {
  const channels = 2 * recipe.contextSlices + 1;
  const options = { numClasses, isDeeplySupervised: recipe.loss.deepSupervision > 0 };
  if (recipe.head === "unet") return new UNet({ ...options, channels });
  const encoder = new ViT({ ...recipe.encoder, imageSize: recipe.inputSize, channels });
  if (pretrained !== undefined) takeWeights(encoder, pretrained, channels);
  switch (recipe.head) {
    case "vit":
      return new ViTSegmenter(encoder, options);
    case "pyramid":
      return new PyramidSegmenter(encoder, options);
    case "upernet":
      return new UPerNet(encoder, options);
    case "linear":
      return new LinearProbe(encoder, options);
    default:
      return new HybridUNet(encoder, options);
  }
}

function takeWeights(encoder: ViT, pretrained: ViT, channels: number): void {
  scope(() => {
    const weights = new Map(stateDict(pretrained));
    weights.set("patch_embed.proj.weight", inflateChannels(pretrained.patchEmbed.proj.weight.detach(), channels));
    loadStateDict(encoder, weights);
  });
  for (const [, tensor] of stateDict(pretrained)) tensor.dispose();
}
