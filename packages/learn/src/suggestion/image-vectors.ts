/**
 * What a pre-trained encoder says of an image as a whole: one vector.
 *
 * Vector   mean of the patches' tokens behind the middle block, without what all images of the pool share, of length 1. On chest
 *          X-rays the middle tells images apart better than the end, which pre-training makes alike for alike places.
 * Images   as a whole at the encoder's own input size, standardised as in its pre-training.
 */
import { setImmediate } from "node:timers/promises";
import { countedWork, type RunListener } from "@medssl/contract";
import { type Device, interpolate, noGrad, scope } from "@medssl/torch";
import { standardize } from "../augment/intensity.ts";
import { type ImageSet, measureStatistics } from "../data/image-set.ts";
import type { LoadedEncoder } from "../models/load-encoder.ts";
import type { Vectors } from "./clusters.ts";

const BATCH = 16;

export interface ImageVectorsOptions {
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

/** @param indices Positions in the set. @returns A row for each of them; undefined when the signal came first. */
export async function imageVectors(
  { encoder, statistics: own }: LoadedEncoder,
  set: ImageSet,
  indices: readonly number[],
  { device, listen, signal }: ImageVectorsOptions,
): Promise<Vectors | undefined> {
  const statistics = own ?? measureStatistics(set);
  const { depth, embedDim: size, patchSize } = encoder.options;
  const middle = Math.max(1, Math.floor(depth / 2));
  const [height, width] = [encoder.gridSize[0] * patchSize, encoder.gridSize[1] * patchSize];
  const values = new Float32Array(indices.length * size);
  const work = countedWork("look", indices.length, listen);
  for (let start = 0; start < indices.length && !signal?.aborted; start += BATCH) {
    const batch = indices.slice(start, start + BATCH);
    const means = noGrad(() =>
      scope(() => {
        const images = interpolate(set.images(batch, device), [height, width], "bilinear-antialias");
        const [tokens] = encoder.forwardTaps(standardize(images, statistics), [middle]);
        return Float32Array.from(tokens!.mean(1).to({ device: "cpu" }).contiguous().toTypedArray() as Float32Array);
      }),
    );
    values.set(means, start * size);
    for (const _ of batch) work.advance();
    await setImmediate();
  }
  return work.end() ? { values, size } : undefined;
}

/** Rows without their mean, each of length 1. */
export function directions({ values, size }: Vectors): Vectors {
  const count = values.length / size;
  const mean = new Float64Array(size);
  for (const [i, value] of values.entries()) mean[i % size]! += value / count;
  const result = values.map((value, i) => value - mean[i % size]!);
  for (let i = 0; i < count; i++) {
    const row = result.subarray(i * size, (i + 1) * size);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) for (const [d, value] of row.entries()) row[d] = value / length;
  }
  return { values: result, size };
}
