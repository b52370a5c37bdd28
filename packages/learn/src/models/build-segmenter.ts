/**
 * The segmentation network that a recipe names, with a pre-trained encoder where there is one.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { scope, type Tensor } from "@medssl/torch";
import { type LoadOptions, loadStateDict, stateDict } from "../nn/module.ts";
import { HybridUNet } from "./hybrid-unet.ts";
import { LinearProbe } from "./linear-probe.ts";
import { PlannedUNet } from "./planned-unet.ts";
import { PyramidSegmenter } from "./pyramid-segmenter.ts";
import { inflateChannels } from "./resize-weights.ts";
import type { SegmentationNetwork } from "./segmentation-network.ts";
import { UNet } from "./unet.ts";
import { UPerNet } from "./upernet.ts";
import { ViT } from "./vit.ts";
import { ViTSegmenter } from "./vit-segmenter.ts";

export type { SegmentationNetwork } from "./segmentation-network.ts";

/** What a network may begin with. */
export interface PretrainedParts {
  readonly encoder: ViT;
  /** Of a hybrid; its output layer is new all the same. */
  readonly convolutions?: ReadonlyMap<string, Tensor> | undefined;
}

/**
 * @param recipe Says how many slices the network sees as channels, too.
 * @param numClasses Foreground classes.
 * @param pretrained Of the recipe's shape, for grey images; its values are taken over, and it is released.
 */
export function buildSegmenter(
  recipe: FinetuneRecipe,
  numClasses: number,
  pretrained?: PretrainedParts,
): SegmentationNetwork {
  const channels = 2 * recipe.contextSlices + 1;
  const options = { numClasses, isDeeplySupervised: recipe.loss.deepSupervision > 0 };
  if (recipe.head === "unet") return new UNet({ ...options, channels });
  if (recipe.head === "auto-unet") return new PlannedUNet({ ...options, channels, plan: recipe.unet! });
  const encoder = new ViT({ ...recipe.encoder, imageSize: recipe.inputSize, channels });
  if (pretrained !== undefined) takeWeights(encoder, new Map(stateDict(pretrained.encoder)), PATCH_KERNELS, channels);
  switch (recipe.head) {
    case "vit":
      return new ViTSegmenter(encoder, options);
    case "pyramid":
      return new PyramidSegmenter(encoder, options);
    case "upernet":
      return new UPerNet(encoder, options);
    case "linear":
      return new LinearProbe(encoder, options);
    default: {
      const hybrid = new HybridUNet(encoder, options);
      const convolutions = pretrained?.convolutions;
      if (convolutions !== undefined) takeWeights(hybrid, convolutions, STEM_KERNELS, channels, { strict: false });
      return hybrid;
    }
  }
}

/** Kernels that see the image. */
const PATCH_KERNELS = "patch_embed.proj.weight";
const STEM_KERNELS = "conv_encoder.stem.conv.weight";

/** Copies weights for grey images into a network for several slices, and releases them. */
function takeWeights(
  network: object,
  weights: ReadonlyMap<string, Tensor>,
  kernels: string,
  channels: number,
  options: LoadOptions = {},
): void {
  scope(() => {
    const inflated = inflateChannels(weights.get(kernels)!.detach(), channels);
    loadStateDict(network, new Map(weights).set(kernels, inflated), options);
  });
  for (const tensor of weights.values()) tensor.dispose();
}
