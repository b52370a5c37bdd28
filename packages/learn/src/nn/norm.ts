/** Normalisation with a learnt scale and shift, started at 1 and 0. */
import { ones, type Tensor } from "@medssl/torch";
import { zeroParameter } from "./init.ts";
import { parameter } from "./module.ts";

/** Over the last axis. Its epsilon is that of ViTs, 1e-6. */
export class LayerNorm {
  weight: Tensor;
  bias: Tensor;

  constructor(dim: number) {
    this.weight = parameter(ones([dim]));
    this.bias = zeroParameter([dim]);
  }

  /** @param x [..., dim] */
  forward(x: Tensor): Tensor {
    return x.layerNorm(this.weight, this.bias, 1e-6);
  }
}

/** Over the pixels and channels of each group of channels: the same for any batch size, unlike batch norm. */
export class GroupNorm {
  readonly numGroups: number;
  weight: Tensor;
  bias: Tensor;

  constructor(numGroups: number, channels: number) {
    this.numGroups = numGroups;
    this.weight = parameter(ones([channels]));
    this.bias = zeroParameter([channels]);
  }

  /** @param x [B, channels, H, W] */
  forward(x: Tensor): Tensor {
    return x.groupNorm(this.numGroups, this.weight, this.bias);
  }

  /** With GELU behind it. */
  forwardGelu(x: Tensor): Tensor {
    return x.groupNormGelu(this.numGroups, this.weight, this.bias);
  }

  /** With a leaky ReLU behind it. */
  forwardLeakyRelu(x: Tensor, slope: number): Tensor {
    return x.groupNormLeakyRelu(this.numGroups, this.weight, this.bias, slope);
  }
}
