/** One small network of every head, with weights that leave nothing at zero, and their logits by onnxruntime; for tests. */
import { noGrad, randn, scope, type Tensor } from "@medssl/torch";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { HybridUNet } from "../models/hybrid-unet.ts";
import { LinearProbe } from "../models/linear-probe.ts";
import { PlannedUNet } from "../models/planned-unet.ts";
import { PyramidSegmenter } from "../models/pyramid-segmenter.ts";
import type { SegmentationNetwork } from "../models/segmentation-network.ts";
import { UNet } from "../models/unet.ts";
import { UPerNet } from "../models/upernet.ts";
import { ViT, type ViTOptions } from "../models/vit.ts";
import { ViTSegmenter } from "../models/vit-segmenter.ts";
import { stateDict } from "../nn/module.ts";

export const SIDE = 64;

const plain: ViTOptions = {
  imageSize: SIDE,
  patchSize: 16,
  embedDim: 24,
  depth: 4,
  numHeads: 2,
  mlpRatio: 2,
  positions: "learned",
};
/** All that a ViT may have, for three slices. */
const full: ViTOptions = { ...plain, channels: 3, hasClassToken: true, numRegisters: 2, hasLayerScale: true };
const classes = { numClasses: 2 };
const deep = { ...classes, isDeeplySupervised: true };
const plan = { channels: [4, 8, 12, 12], strides: [1, 2, 2, 2], convsPerStage: 2 };

/** Channels of the images, and the network. */
export const smallSegmenters: Readonly<Record<string, readonly [channels: number, make: () => SegmentationNetwork]>> = {
  "hybrid, patch 16": [1, () => new HybridUNet(new ViT({ ...plain, positions: "sincos" }), classes)],
  "hybrid, patch 4, all additions": [3, () => new HybridUNet(new ViT({ ...full, patchSize: 4 }), deep)],
  "vit, all additions": [3, () => new ViTSegmenter(new ViT(full), classes)],
  "vit, patch 4": [1, () => new ViTSegmenter(new ViT({ ...plain, patchSize: 4 }), classes)],
  "pyramid, patch 16": [1, () => new PyramidSegmenter(new ViT(plain), classes)],
  "pyramid, patch 4, all additions": [3, () => new PyramidSegmenter(new ViT({ ...full, patchSize: 4 }), classes)],
  "upernet, all additions": [3, () => new UPerNet(new ViT(full), classes)],
  "upernet, patch 4": [1, () => new UPerNet(new ViT({ ...plain, patchSize: 4 }), classes)],
  "linear, all additions": [3, () => new LinearProbe(new ViT(full), classes)],
  unet: [5, () => new UNet({ ...deep, channels: 5 })],
  "auto-unet, transposed": [1, () => new PlannedUNet({ ...classes, plan: { ...plan, upsampling: "transposed" } })],
  "auto-unet, bilinear": [1, () => new PlannedUNet({ ...deep, plan: { ...plan, upsampling: "bilinear" } })],
};

/** A hybrid's injection starts at zero, and so do biases: a network as it is made would hide what is wrong with them. */
export function perturbed<Network extends object>(network: Network): Network {
  noGrad(() =>
    scope(() => {
      for (const [, tensor] of stateDict(network)) tensor.add_(randn(tensor.shape).mul(0.05));
    }),
  );
  return network;
}

/** Logits by onnxruntime on one thread. */
export async function runOnnx(
  model: Uint8Array,
  images: Tensor,
): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const { logits } = await session.run({
    images: new OnnxTensor("float32", images.toTypedArray() as Float32Array, images.shape),
  });
  await session.release();
  return { data: logits!.data as Float32Array, dims: logits!.dims };
}

/** Logits by libtorch. */
export function runTorch(network: SegmentationNetwork, images: Tensor): Float32Array {
  return noGrad(() => scope(() => network.forward(images).contiguous().toTypedArray() as Float32Array));
}

/** Largest difference. */
export function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
