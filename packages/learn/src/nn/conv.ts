/**
 * Convolutions, and the block that the U-Nets here are made of.
 *
 * Shapes  images are [B, C, H, W]. A network's first input in channels-last memory makes all of them so, which is faster.
 */
import { scope, type Tensor } from "@medssl/torch";
import { kaimingUniform } from "./init.ts";
import { GroupNorm } from "./norm.ts";

export interface ConvOptions {
  /** @default 1 */
  readonly stride?: number;
  /** @default true */
  readonly hasBias?: boolean;
}

/** Square kernels of odd size, padded so that stride 1 keeps the image's size. */
export class Conv2d {
  readonly stride: number;
  weight: Tensor;
  bias: Tensor | undefined;

  constructor(
    inputChannels: number,
    outputChannels: number,
    size: number,
    { stride = 1, hasBias = true }: ConvOptions = {},
  ) {
    const fanIn = inputChannels * size * size;
    this.stride = stride;
    this.weight = kaimingUniform([outputChannels, inputChannels, size, size], fanIn);
    this.bias = hasBias ? kaimingUniform([outputChannels], fanIn) : undefined;
  }

  forward(x: Tensor): Tensor {
    return x.conv2d(this.weight, this.bias, { stride: this.stride, padding: (this.weight.size(2) - 1) / 2 });
  }
}

/** Convolution 3x3 (or `size`), group norm, GELU. */
export class ConvBlock {
  readonly conv: Conv2d;
  readonly norm: GroupNorm;

  constructor(
    inputChannels: number,
    outputChannels: number,
    { stride = 1, size = 3 }: { stride?: number; size?: number } = {},
  ) {
    this.conv = new Conv2d(inputChannels, outputChannels, size, { stride, hasBias: false });
    this.norm = new GroupNorm(Math.min(8, Math.floor(outputChannels / 4)), outputChannels);
  }

  /** @param x [B, in, H, W] @returns [B, out, H / stride, W / stride] */
  forward(x: Tensor): Tensor {
    return scope(() => this.norm.forwardGelu(this.conv.forward(x)));
  }
}
