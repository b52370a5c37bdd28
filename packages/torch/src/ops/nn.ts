/**
 * Convolutions, normalisation, resampling and losses of neural networks.
 *
 * Shapes  images are [N, C, H, W].
 */
import { operator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

const aten = {
  conv2d: operator("aten::conv2d"),
  convTranspose2d: operator("aten::conv_transpose2d.input"),
  layerNorm: operator("aten::layer_norm"),
  groupNorm: operator("aten::group_norm"),
  groupNormGelu: operator("medssl::group_norm_gelu"),
  groupNormLeakyRelu: operator("medssl::group_norm_leaky_relu"),
  resizeCat: operator("medssl::resize_cat"),
  maxPool2d: operator("aten::max_pool2d"),
  avgPool2d: operator("aten::avg_pool2d"),
  bilinear: operator("aten::upsample_bilinear2d"),
  bilinearAntialias: operator("aten::_upsample_bilinear2d_aa"),
  bicubic: operator("aten::upsample_bicubic2d"),
  bicubicAntialias: operator("aten::_upsample_bicubic2d_aa"),
  nearest: operator("aten::upsample_nearest2d"),
  gridSample: operator("aten::grid_sampler"),
  affineGrid: operator("aten::affine_grid_generator"),
  dropout: operator("aten::dropout"),
  crossEntropy: operator("aten::cross_entropy_loss"),
  bceWithLogits: operator("aten::binary_cross_entropy_with_logits"),
};

const reductions = { none: 0, mean: 1, sum: 2 } as const;
export type Reduction = keyof typeof reductions;

/** @param weight [out, in / groups, kH, kW] @param bias [out] */
export function conv2d(
  self: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { stride = 1, padding = 0, groups = 1 }: { stride?: number; padding?: number; groups?: number } = {},
): Tensor {
  return aten.conv2d(self, weight, bias ?? null, stride, padding, 1, groups);
}

/** @param weight [in, out, kH, kW] @param bias [out] */
export function convTranspose2d(
  self: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { stride = 1 }: { stride?: number } = {},
): Tensor {
  return aten.convTranspose2d(self, weight, bias ?? null, stride);
}

/** Normalises over the last axis. @param weight [d] @param bias [d] */
export function layerNorm(self: Tensor, weight: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  return aten.layerNorm(self, weight.shape, weight, bias, epsilon);
}

/** Normalises over the pixels and channels of each group. @param weight [C] @param bias [C] */
export function groupNorm(self: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  return aten.groupNorm(self, groups, weight, bias, epsilon);
}

/** `groupNorm`, then `gelu`: one pass fewer over memory where nothing is to be differentiated. */
export function groupNormGelu(self: Tensor, groups: number, weight: Tensor, bias: Tensor): Tensor {
  return aten.groupNormGelu(self, groups, weight, bias);
}

/** `groupNorm`, then `leakyRelu`, likewise. */
export function groupNormLeakyRelu(self: Tensor, groups: number, weight: Tensor, bias: Tensor, slope = 0.01): Tensor {
  return aten.groupNormLeakyRelu(self, groups, weight, bias, slope);
}

export function maxPool2d(self: Tensor, size: number, stride = size, padding = 0): Tensor {
  return aten.maxPool2d(self, size, stride, padding);
}

export function avgPool2d(self: Tensor, size: number, stride = size): Tensor {
  return aten.avgPool2d(self, size, stride);
}

/**
 * Resampled bilinearly to the size of `skip`, whose channels then follow.
 *
 * @param self [N, C, h, w] @param skip [N, D, H, W] @returns [N, C + D, H, W]
 */
export function resizeCat(self: Tensor, skip: Tensor): Tensor {
  return aten.resizeCat(self, skip);
}

/** Resamples [N, C, H, W] to the size [height, width]; pixel centres stay aligned (align_corners false). */
export function interpolate(
  self: Tensor,
  size: readonly [number, number],
  mode: "bilinear" | "bilinear-antialias" | "bicubic" | "bicubic-antialias" | "nearest" = "bilinear",
): Tensor {
  switch (mode) {
    case "bilinear":
      return aten.bilinear(self, size, false);
    case "bilinear-antialias":
      return aten.bilinearAntialias(self, size, false);
    case "bicubic":
      return aten.bicubic(self, size, false);
    case "bicubic-antialias":
      return aten.bicubicAntialias(self, size, false);
    case "nearest":
      return aten.nearest(self, size);
  }
}

/**
 * Values of an image at given places.
 *
 * @param grid [N, h, w, 2]: (x, y) with -1 and 1 at the outer edges of the first and last pixel.
 * @returns [N, C, h, w]; outside of the image 0, or the nearest pixel's value with `border`.
 */
export function gridSample(
  self: Tensor,
  grid: Tensor,
  { mode = "bilinear", padding = "zeros" }: { mode?: "bilinear" | "nearest"; padding?: "zeros" | "border" } = {},
): Tensor {
  return aten.gridSample(self, grid, mode === "bilinear" ? 0 : 1, padding === "zeros" ? 0 : 1, false);
}

/** The grid for `gridSample` of affine maps. @param theta [N, 2, 3]: output (x, y, 1) to input (x, y) @param size [N, C, h, w] */
export function affineGrid(theta: Tensor, size: readonly number[]): Tensor {
  return aten.affineGrid(theta, size, false);
}

export function dropout(self: Tensor, probability: number, isTraining: boolean): Tensor {
  return aten.dropout(self, probability, isTraining);
}

/** @param self Logits [N, K, ...] @param target int64 [N, ...] @param weight Weight of each class [K] */
export function crossEntropy(
  self: Tensor,
  target: Tensor,
  {
    weight,
    reduction = "mean",
    ignoreIndex = -100,
  }: { weight?: Tensor; reduction?: Reduction; ignoreIndex?: number } = {},
): Tensor {
  return aten.crossEntropy(self, target, weight ?? null, reductions[reduction], ignoreIndex);
}

/** Cross-entropy of sigmoid(self) with targets 0-1 of the same shape. */
export function binaryCrossEntropyWithLogits(self: Tensor, target: Tensor, reduction: Reduction = "mean"): Tensor {
  return aten.bceWithLogits(self, target, null, null, reductions[reduction]);
}
