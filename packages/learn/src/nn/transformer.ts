/**
 * The pre-norm transformer block of ViTs, with timm's names.
 *
 * Shapes  tokens [B, N, D]; heads share D.
 * Source  Dosovitskiy et al., "An image is worth 16x16 words" (2021).
 */
import { full, rand, scope, type Tensor } from "@medssl/torch";
import { Linear } from "./linear.ts";
import { parameter } from "./module.ts";
import { LayerNorm } from "./norm.ts";

export class Attention {
  readonly numHeads: number;
  readonly qkv: Linear;
  readonly proj: Linear;

  constructor(dim: number, numHeads: number) {
    this.numHeads = numHeads;
    this.qkv = new Linear(dim, 3 * dim);
    this.proj = new Linear(dim, dim);
  }

  /** @param first Position of the first token that asks; all are listened to. @returns [B, N - first, D] */
  forward(x: Tensor, first = 0): Tensor {
    const [batch, count, dim] = x.shape as [number, number, number];
    const qkv = this.qkv.forward(x).view([batch, count, 3, this.numHeads, dim / this.numHeads]);
    return this.proj.forward(qkv.selfAttention(first));
  }
}

/** Linear, GELU, linear. */
export class Mlp {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(dim: number, hiddenDim: number, outputDim = dim) {
    this.fc1 = new Linear(dim, hiddenDim);
    this.fc2 = new Linear(hiddenDim, outputDim);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).gelu());
  }
}

/** A learnt factor for every channel of a branch. Source: Touvron et al., "Going deeper with image transformers" (2021). */
class LayerScale {
  gamma: Tensor;

  constructor(dim: number) {
    this.gamma = parameter(full([dim], 1e-5));
  }

  forward(x: Tensor): Tensor {
    return x.mul(this.gamma);
  }
}

export class Block {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly ls1: LayerScale | undefined;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly ls2: LayerScale | undefined;

  constructor(dim: number, numHeads: number, mlpRatio: number, { hasLayerScale = false } = {}) {
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, numHeads);
    this.ls1 = hasLayerScale ? new LayerScale(dim) : undefined;
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, Math.round(dim * mlpRatio));
    this.ls2 = hasLayerScale ? new LayerScale(dim) : undefined;
  }

  /**
   * @param first Position of the first token that is wanted; the ones before it only inform the others.
   * @param dropPathRate Share of the samples that skip each branch, in training.
   * @returns [B, N - first, D]
   */
  forward(x: Tensor, { first = 0, dropPathRate = 0 }: { first?: number; dropPathRate?: number } = {}): Tensor {
    const between = scope(() => {
      const attended = this.attn.forward(this.norm1.forward(x), first);
      const scaled = this.ls1?.forward(attended) ?? attended;
      return (first === 0 ? x : x.slice(1, first)).add(dropPath(scaled, dropPathRate));
    });
    return scope(() => {
      const changed = this.mlp.forward(this.norm2.forward(between));
      return between.add(dropPath(this.ls2?.forward(changed) ?? changed, dropPathRate));
    });
  }
}

/** Zeros whole samples at random and makes up for it in the others. Source: Huang et al., "Stochastic depth" (2016). */
function dropPath(branch: Tensor, rate: number): Tensor {
  if (rate === 0) return branch;
  const isKept = rand([branch.size(0), 1, 1], { device: branch.device }).ge(rate);
  return branch.mul(isKept).div(1 - rate);
}
