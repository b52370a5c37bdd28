/**
 * A network that answers later, inside of code that does not wait: such as an ONNX runtime, whose results are promised.
 *
 * Way      the work is done twice: with a network that writes down what it is asked, then with one that gives the answers in
 *          the same order. What is asked may not depend on the answers, as in segmentation it does not.
 */
import { type Device, fromTypedArray, noGrad, scope, type Tensor, zeros } from "@medssl/torch";
import type { Segmenter } from "../inference/segment-images.ts";

/** Of the inputs of networks: batch, channels, height, width. */
export type ImagesShape = readonly [number, number, number, number];

/** A network behind a runtime. */
export interface AsyncNetwork {
  /** @param images [B, C, S, S], standardised. @returns Logits [B, K + 1, S, S], background first. */
  run(images: Float32Array, shape: ImagesShape): Promise<Float32Array>;
  release(): Promise<void>;
}

/** What a network was asked. */
export interface NetworkInput {
  readonly images: Float32Array;
  readonly shape: ImagesShape;
}

/** The answer that lies furthest from the one that was wanted. */
export interface WorstAnswer {
  readonly difference: number;
  readonly input: NetworkInput;
  readonly found: Float32Array;
  readonly wanted: Float32Array;
}

/** One without a number is the worst. */
export const worseOf = (one: WorstAnswer | undefined, other: WorstAnswer): WorstAnswer =>
  one !== undefined && (Number.isNaN(one.difference) || one.difference >= other.difference) ? one : other;

/** A network's logits for each input, in their order. */
export async function askAll(
  network: AsyncNetwork,
  inputs: readonly NetworkInput[],
  wanted: readonly Float32Array[],
): Promise<{ readonly answers: readonly Float32Array[]; readonly worst: WorstAnswer }> {
  const answers: Float32Array[] = [];
  let worst: WorstAnswer | undefined;
  for (const [i, input] of inputs.entries()) {
    const found = await network.run(input.images, input.shape);
    const difference = largestDifference(found, wanted[i]!);
    worst = worseOf(worst, { difference, input, found, wanted: wanted[i]! });
    answers.push(found);
  }
  return { answers, worst: worst! };
}

/** What the work asks of a network, in its order. @param numLabels With the background. */
export async function inputsOf(
  work: (network: Segmenter) => unknown,
  numLabels: number,
): Promise<readonly NetworkInput[]> {
  const asked: NetworkInput[] = [];
  await work({
    forward(images) {
      const [count, , height, width] = images.shape as [number, number, number, number];
      asked.push({ images: floats(images), shape: images.shape as unknown as ImagesShape });
      return zeros([count, numLabels, height, width], { device: images.device });
    },
  });
  return asked;
}

/** Gives the answers to what `inputsOf` heard. @param answers Logits, in its order. @param numLabels With the background. */
export function answering(answers: readonly Float32Array[], numLabels: number): Segmenter {
  let next = 0;
  return {
    forward(images) {
      const [count, , height, width] = images.shape as [number, number, number, number];
      return scope(() =>
        fromTypedArray(answers[next++]!, [count, numLabels, height, width]).to({ device: images.device }),
      );
    },
  };
}

/** The logits of libtorch's network. */
export function torchLogits(
  network: Segmenter,
  { images, shape }: NetworkInput,
  device: Device,
  dtype: "float32" | "float64" = "float32",
): Float32Array {
  return noGrad(() => scope(() => floats(network.forward(fromTypedArray(images, shape).to({ device, dtype })))));
}

const floats = (tensor: Tensor): Float32Array =>
  tensor.to({ device: "cpu", dtype: "float32" }).contiguous().toTypedArray() as Float32Array;

/** NaN where a logit is, or where there are not as many. */
export function largestDifference(found: Float32Array, wanted: Float32Array): number {
  if (found.length !== wanted.length) return Number.NaN;
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(found[i]! - wanted[i]!);
    if (!(difference <= largest)) largest = difference;
    if (Number.isNaN(difference)) return difference;
  }
  return largest;
}

/** Of pixels, 0-1. */
export function sameShare(found: Uint8Array, wanted: Uint8Array): number {
  let same = 0;
  for (let i = 0; i < wanted.length; i++) if (found[i] === wanted[i]) same++;
  return same / wanted.length;
}
