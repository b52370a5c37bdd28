/**
 * Starting values of parameters, drawn on the CPU from libtorch's generator: one seed, one network, on any device.
 */
import { empty, randn, type Tensor, zeros } from "@medssl/torch";
import { parameter } from "./module.ts";

/** Uniform within +- sqrt(6 / (in + out)): for the linear layers of transformers. @param shape [out, in] or [out, in, ...] */
export function xavierUniform(shape: readonly [number, number, ...number[]]): Tensor {
  const [out, ...rest] = shape;
  return uniform(shape, Math.sqrt(6 / (product(rest) + out)));
}

/** Uniform within +- 1 / sqrt(in): PyTorch's default (Kaiming with a = sqrt 5). @param fanIn Inputs of one output value. */
export function kaimingUniform(shape: readonly number[], fanIn: number): Tensor {
  return uniform(shape, 1 / Math.sqrt(fanIn));
}

/** Normal with the given deviation: for tokens and learnt positions. */
export function normal(shape: readonly number[], std: number): Tensor {
  return parameter(randn(shape).mul_(std));
}

export function zeroParameter(shape: readonly number[]): Tensor {
  return parameter(zeros(shape));
}

function uniform(shape: readonly number[], bound: number): Tensor {
  return parameter(empty(shape).uniform_(-bound, bound));
}

const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
