/**
 * Which parameters learn how fast, and which decay.
 *
 * Weight decay is for matrices and kernels: biases, norms and tokens (one axis, or named so) go without.
 */
import type { Tensor } from "@medssl/torch";
import type { ParameterGroup } from "./adamw.ts";

export type NamedParameters = readonly (readonly [string, Tensor])[];

/** A parameter with its gradient. */
export interface Moving {
  readonly name: string;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
}

/** Those that have a gradient: what an optimiser's step moves. */
export function moving(parameters: NamedParameters): Moving[] {
  return parameters.flatMap(([name, parameter]) => {
    const gradient = parameter.grad;
    return gradient === undefined ? [] : [{ name, parameter, gradient }];
  });
}

/** Two groups, with and without weight decay. */
export function decayGroups(parameters: NamedParameters, weightDecay: number, learningRateScale = 1): ParameterGroup[] {
  const isDecayed = ([name, { rank }]: readonly [string, Tensor]) => rank > 1 && !/(token|pos_embed)$/.test(name);
  return [
    { parameters: parameters.filter(isDecayed), learningRateScale, weightDecay },
    { parameters: parameters.filter((parameter) => !isDecayed(parameter)), learningRateScale, weightDecay: 0 },
  ];
}

/**
 * Layer-wise decay of a ViT's learning rate: the top block learns at `scale`, each one below `layerDecay` times slower,
 * the patch embedding slowest.
 *
 * @param parameters Of the ViT, with timm's names: `blocks.3.attn.qkv.weight`, `patch_embed.proj.weight`.
 * @param depth Number of blocks.
 */
export function layerDecayGroups(
  parameters: NamedParameters,
  { depth, layerDecay, scale, weightDecay }: { depth: number; layerDecay: number; scale: number; weightDecay: number },
): ParameterGroup[] {
  const layerOf = (name: string): number => {
    const block = /(?:^|\.)blocks\.(\d+)\./.exec(name)?.[1];
    if (block !== undefined) return Number(block) + 1;
    return /(?:^|\.)norm\./.test(name) ? depth : 0;
  };
  const layers = Map.groupBy(parameters, ([name]) => layerOf(name));
  return [...layers].flatMap(([layer, members]) =>
    decayGroups(members, weightDecay, scale * layerDecay ** (depth - layer)),
  );
}
