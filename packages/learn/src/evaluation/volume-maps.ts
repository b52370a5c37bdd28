/**
 * Stored volumes as whole label maps: the truth, and what a network makes of them. A picture is a volume of one slice.
 *
 * Memory  one volume at a time.
 */
import { setImmediate } from "node:timers/promises";
import { type Device, scope, type Tensor } from "@medssl/torch";
import type { ImageSet } from "../data/image-set.ts";
import { type Segmenter, type SegmentOptions, segmentLabels } from "../inference/segment-images.ts";
import type { StoredVolume } from "./stored-volumes.ts";

export interface VolumeMaps {
  readonly volume: StoredVolume;
  /** Label values, [depth, height, width]. */
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
}

export interface StoredSegmentOptions extends SegmentOptions {
  /** Slices on each side that the network sees as channels. @default 0 */
  readonly contextSlices?: number;
  readonly device: Device;
}

export interface VolumeMapOptions extends StoredSegmentOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of each slice. */
  readonly advance?: () => void;
}

/** Images segmented at a time. */
export const AT_ONCE = 16;

/** The network's label maps of images of a set, uint8 [B, H, W] on the host. */
export function segmentStored(
  network: Segmenter,
  set: ImageSet,
  indices: readonly number[],
  options: StoredSegmentOptions,
): Tensor {
  const { device, contextSlices } = options;
  return scope(() => segmentLabels(network, set.images(indices, device, contextSlices), options).to({ device: "cpu" }));
}

/** All of the volumes, one after the other, until the signal comes. @param network Undefined: `prediction` is empty */
export async function* volumeMaps(
  network: Segmenter | undefined,
  set: ImageSet,
  volumes: readonly StoredVolume[],
  options: VolumeMapOptions,
): AsyncGenerator<VolumeMaps> {
  for (const volume of volumes) {
    const [truth, prediction] = [emptyMap(volume), emptyMap(volume)];
    for (let start = 0; start < volume.indices.length; start += AT_ONCE) {
      if (options.signal?.aborted) return;
      const batch = volume.indices.slice(start, start + AT_ONCE);
      const places = volume.places.slice(start, start + AT_ONCE);
      scope(() => {
        putSlices(truth, places, set.masks(batch));
        if (network !== undefined) putSlices(prediction, places, segmentStored(network, set, batch, options));
      });
      for (const _ of batch) options.advance?.();
      await setImmediate();
    }
    yield { volume, truth, prediction };
  }
}

const emptyMap = ({ shape: [depth, height, width] }: StoredVolume): Uint8Array =>
  new Uint8Array(depth * height * width);

/** @param places Of the slices in the volume. @param slices uint8 [B, H, W] */
function putSlices(volume: Uint8Array, places: readonly number[], slices: Tensor): void {
  const pixels = slices.contiguous().toTypedArray() as Uint8Array;
  const size = pixels.length / places.length;
  for (const [i, place] of places.entries()) volume.set(pixels.subarray(i * size, (i + 1) * size), place * size);
}
