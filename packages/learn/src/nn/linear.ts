import type { Tensor } from "@medssl/torch";
import { xavierUniform, zeroParameter } from "./init.ts";

/** x W^T + b, started as transformers are: Xavier weights, no bias. */
export class Linear {
  weight: Tensor;
  bias: Tensor;

  constructor(inputDim: number, outputDim: number) {
    this.weight = xavierUniform([outputDim, inputDim]);
    this.bias = zeroParameter([outputDim]);
  }

  /** @param x [..., in] @returns [..., out] */
  forward(x: Tensor): Tensor {
    return x.linear(this.weight, this.bias);
  }
}
