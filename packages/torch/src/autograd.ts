/**
 * Gradients by libtorch's autograd engine, and mixed precision by its autocast.
 */

import { type Device, deviceCode } from "./device.ts";
import { type DType, dtypeCode } from "./dtype.ts";
import { callBuffer, native, reserveCallBuffer } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** Runs `fn` without recording for gradients. */
export function noGrad<Result>(fn: () => Result): Result {
  const before = native.setGradMode(false);
  try {
    return fn();
  } finally {
    native.setGradMode(before);
  }
}

/**
 * Gradients of `outputs` with respect to `inputs`, without touching anybody's `grad`.
 *
 * @param outputGradients One for each output, of its shape; may be left out for scalars.
 * @returns One for each input; undefined where the output does not depend on it.
 */
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  {
    outputGradients = [],
    retainGraph = false,
    createGraph = false,
  }: { outputGradients?: readonly (Tensor | undefined)[]; retainGraph?: boolean; createGraph?: boolean } = {},
): (Tensor | undefined)[] {
  const words = [outputs, inputs, outputs.map((_, i) => outputGradients[i])].flatMap((list) => [
    list.length,
    ...list.map((tensor) => tensor?.handle ?? 0),
  ]);
  reserveCallBuffer(words.length);
  callBuffer.set(words);
  native.gradients(retainGraph || createGraph, createGraph);
  const results = Array.from(callBuffer.subarray(0, inputs.length));
  return results.map((handle) => (handle === 0 ? undefined : new Tensor(handle)));
}

/**
 * Runs `fn` with the operators that gain by it in lower precision (matmul, convolution), the others in float32; with
 * `dtype` float32 all of them, for a part that needs it.
 */
export function autocast<Result>(
  { device = "cpu", dtype = "bfloat16" }: { device?: Device; dtype?: DType },
  fn: () => Result,
): Result {
  const [type] = deviceCode(device);
  const before = native.enterAutocast(type, dtypeCode(dtype));
  try {
    return fn();
  } finally {
    native.leaveAutocast(type, before);
  }
}
