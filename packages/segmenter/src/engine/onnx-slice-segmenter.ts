/**
 * An exported network on slices in their stored form: what libtorch's `TorchSliceSegmenter` is to a run.
 */
import type { SegmentationPlan } from "@medssl/contract";
import type { SliceBatch, SliceLabels, SliceSegmenter, SliceWishes } from "@medssl/imaging";
import type { Network } from "./network.ts";
import { segmentTiles } from "./segment-tiles.ts";
import { segmentWhole } from "./segment-whole.ts";
import { Standardizer } from "./standardize.ts";

export class OnnxSliceSegmenter implements SliceSegmenter {
  readonly #network: Network;
  readonly #plan: SegmentationPlan;
  readonly #numLabels: number;
  readonly #standardizer: Standardizer;
  readonly #pause: () => Promise<void>;

  /**
   * @param numLabels With the background.
   * @param pause Awaited between runs of the network; where it throws, that is the end.
   * @param standardizer Of this plan: making its tables takes some milliseconds.
   */
  constructor(
    network: Network,
    plan: SegmentationPlan,
    numLabels: number,
    pause: () => Promise<void>,
    standardizer = new Standardizer(plan),
  ) {
    this.#network = network;
    this.#plan = plan;
    this.#numLabels = numLabels;
    this.#standardizer = standardizer;
    this.#pause = pause;
  }

  async segmentSlices(batch: SliceBatch, wishes: SliceWishes): Promise<SliceLabels> {
    const { mode, inputSize, tileOverlap, flips } = this.#plan;
    const segment = mode === "tiles" ? segmentTiles : segmentWhole;
    return await segment(this.#network, this.#standardizer.apply(batch), {
      inputSize,
      tileOverlap,
      flips,
      numLabels: this.#numLabels,
      wishes,
      pause: this.#pause,
    });
  }
}
