/**
 * The pre-norm transformer block of ViTs, with timm's names.
 *
 * Shapes  tokens [B, N, D]; heads share D.
 * Source  Dosovitskiy et al., "An image is worth 16x16 words" (2021).
 */
import { rand, scaledDotProductAttention, scope, type Tensor } from "@medssl/torch";
import { Linear } from "./linear.ts";
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

  forward(x: Tensor): Tensor {
    const [batch, count, dim] = x.shape as [number, number, number];
    const heads = this.qkv.forward(x).view([batch, count, 3, this.numHeads, dim / this.numHeads]);
    const [query, key, value] = heads.permute([2, 0, 3, 1, 4]).unbind(0) as [Tensor, Tensor, Tensor]; // each [B, h, N, d]
    const mixed = scaledDotProductAttention(query, key, value).transpose(1, 2).reshape([batch, count, dim]);
    return this.proj.forward(mixed);
  }
}

export class Mlp {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(dim: number, hiddenDim: number) {
    this.fc1 = new Linear(dim, hiddenDim);
    this.fc2 = new Linear(hiddenDim, dim);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).gelu());
  }
}

export class Block {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(dim: number, numHeads: number, mlpRatio: number) {
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, numHeads);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, dim * mlpRatio);
  }

  /** @param dropPathRate Share of the samples that skip each branch, in training. */
  forward(x: Tensor, dropPathRate = 0): Tensor {
    const between = scope(() => x.add(dropPath(this.attn.forward(this.norm1.forward(x)), dropPathRate)));
    return scope(() => between.add(dropPath(this.mlp.forward(this.norm2.forward(between)), dropPathRate)));
  }
}

/** Zeros whole samples at random and makes up for it in the others. Source: Huang et al., "Stochastic depth" (2016). */
function dropPath(branch: Tensor, rate: number): Tensor {
  if (rate === 0) return branch;
  const isKept = rand([branch.size(0), 1, 1], { device: branch.device }).ge(rate);
  return branch.mul(isKept).div(1 - rate);
}
