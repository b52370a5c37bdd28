/**
 * A U-Net whose size is data: what a plan by nnU-Net's rules (planning/plan-unet.ts) is built into.
 *
 * Shapes   H and W of any size: where the strides do not divide it, the decoder resizes to whatever size its skip has.
 * Blocks   convolution 3x3 with bias, instance norm, leaky ReLU (slope 0.01); a stage's first convolution has its stride. Up by a
 *          transposed convolution of the stride's size, or bilinearly with a 1x1 convolution. Weights start as He et al. draw them.
 * Levels   with deep supervision a classifier at each decoder stage but the coarsest. nnU-Net has one there too, whose loss it
 *          weighs by zero.
 * Scale    instance norm follows the first convolution, so that brightness and contrast of an image matter at its padded border
 *          alone, whatever the normalisation before.
 * Source   Isensee et al., "nnU-Net", Nature Methods 18 (2021); He et al., "Delving deep into rectifiers" (2015).
 */
import type { UNetPlan } from "@medssl/contract";
import { randn, scope, type Tensor } from "@medssl/torch";
import { zeroParameter } from "../nn/init.ts";
import { parameter } from "../nn/module.ts";
import { GroupNorm } from "../nn/norm.ts";
import type { DecoderOptions, SegmentationNetwork } from "./segmentation-network.ts";

const SLOPE = 0.01;

/** Normal with the deviation that keeps the size of what passes a leaky ReLU. */
const heNormal = (shape: readonly [number, number, number, number], fanIn: number): Tensor =>
  parameter(randn(shape).mul_(Math.sqrt(2 / ((1 + SLOPE ** 2) * fanIn))));

/** Convolution of odd size, the image's size kept but for the stride. */
class HeConv {
  readonly stride: number;
  weight: Tensor;
  bias: Tensor;

  constructor(input: number, output: number, { size = 3, stride = 1 }: { size?: number; stride?: number } = {}) {
    this.stride = stride;
    this.weight = heNormal([output, input, size, size], input * size ** 2);
    this.bias = zeroParameter([output]);
  }

  forward(x: Tensor): Tensor {
    return x.conv2d(this.weight, this.bias, { stride: this.stride, padding: (this.weight.size(2) - 1) / 2 });
  }
}

class PlannedBlock {
  readonly conv: HeConv;
  /** With a group for each channel: instance norm. */
  readonly norm: GroupNorm;

  constructor(input: number, output: number, stride: number) {
    this.conv = new HeConv(input, output, { stride });
    this.norm = new GroupNorm(output, output);
  }

  forward(x: Tensor): Tensor {
    return scope(() => this.norm.forwardLeakyRelu(this.conv.forward(x), SLOPE));
  }
}

/** Up by a transposed convolution whose patches touch and do not overlap. */
class TransposedUp {
  readonly stride: number;
  weight: Tensor;
  bias: Tensor;

  constructor(input: number, output: number, stride: number) {
    this.stride = stride;
    this.weight = heNormal([input, output, stride, stride], output * stride ** 2);
    this.bias = zeroParameter([output]);
  }

  /** With the channels of `skip` behind. */
  forward(x: Tensor, skip: Tensor): Tensor {
    return scope(() => x.convTranspose2d(this.weight, this.bias, { stride: this.stride }).resizeCat(skip));
  }
}

/** Up bilinearly: no checkerboard, and fewer weights. */
class BilinearUp {
  readonly conv: HeConv;

  constructor(input: number, output: number) {
    this.conv = new HeConv(input, output, { size: 1 });
  }

  forward(x: Tensor, skip: Tensor): Tensor {
    return scope(() => this.conv.forward(x).resizeCat(skip));
  }
}

const stage = (input: number, output: number, stride: number, count: number): PlannedBlock[] =>
  Array.from({ length: count }, (_, i) => new PlannedBlock(i === 0 ? input : output, output, i === 0 ? stride : 1));

const forwardStage = (blocks: readonly PlannedBlock[], x: Tensor): Tensor =>
  scope(() => blocks.reduce((features, block) => block.forward(features), x));

export interface PlannedUNetOptions extends DecoderOptions {
  readonly plan: UNetPlan;
  /** Of the images. @default 1 */
  readonly channels?: number;
}

export class PlannedUNet implements SegmentationNetwork {
  readonly encoderStages: readonly PlannedBlock[][];
  /** The decoder's, each finest first. */
  readonly ups: readonly (TransposedUp | BilinearUp)[];
  readonly decoderStages: readonly PlannedBlock[][];
  readonly classifiers: readonly HeConv[];

  constructor({ plan, numClasses, isDeeplySupervised = false, channels: inputs = 1 }: PlannedUNetOptions) {
    const { channels, strides, convsPerStage, upsampling } = plan;
    this.encoderStages = channels.map((width, i) =>
      stage(channels[i - 1] ?? inputs, width, strides[i]!, convsPerStage),
    );
    const finer = channels.slice(0, -1);
    this.ups = finer.map((width, i) => {
      const below = channels[i + 1]!;
      return upsampling === "bilinear" ? new BilinearUp(below, width) : new TransposedUp(below, width, strides[i + 1]!);
    });
    this.decoderStages = finer.map((width) => stage(2 * width, width, 1, convsPerStage));
    const supervised = finer.slice(0, isDeeplySupervised ? Math.max(1, finer.length - 1) : 1);
    this.classifiers = supervised.map((width) => new HeConv(width, numClasses + 1, { size: 1 }));
  }

  forward(images: Tensor): Tensor {
    return scope(() => this.classifiers[0]!.forward(this.#decode(images)[0]!));
  }

  /** Logits of each level, finest first: those of level i are `strides[1] * .. * strides[i]` times smaller. */
  forwardLevels(images: Tensor): Tensor[] {
    return scope(() => {
      const features = this.#decode(images);
      return this.classifiers.map((classifier, i) => classifier.forward(features[i]!));
    });
  }

  /** Features of the decoder's stages, finest first. */
  #decode(images: Tensor): Tensor[] {
    return scope(() => {
      let x = images.to({ format: "channelsLast" });
      const skips = this.encoderStages.map((blocks) => {
        x = forwardStage(blocks, x);
        return x;
      });
      const levels: Tensor[] = [];
      for (let i = this.decoderStages.length - 1; i >= 0; i--) {
        x = forwardStage(this.decoderStages[i]!, this.ups[i]!.forward(x, skips[i]!));
        levels.unshift(x);
      }
      return levels;
    });
  }
}
