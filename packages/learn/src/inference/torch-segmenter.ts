/**
 * The network of a fine-tuning run at work on whole scans, with libtorch.
 */
import { basename, resolve } from "node:path";
import type { SegmentationPlan, SegmentClass } from "@medssl/contract";
import {
  labelColor,
  type PlanWishes,
  type Scan,
  type ScanLabels,
  type ScanSegmenter,
  type SegmentOptions,
  type SliceBatch,
  type SliceLabels,
  type SlicePixels,
  type SliceSegmenter,
  type SliceWishes,
  segmentScan,
  structureOf,
  unitRange,
  wishedPlan,
} from "@medssl/imaging";
import { cat, type Device, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import { toUnit } from "../data/image-set.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { loadSegmenter } from "./load-segmenter.ts";
import { labelsOf, type Segmenter, segmentLabels, segmentMargins } from "./segment-images.ts";

export interface TorchSegmenterOptions extends PlanWishes {
  readonly device: Device;
}

/** @param dir Folder of a fine-tuning run. @throws {MedsslError} `ERR_OPTION_OVERLAP`, and those of reading a run */
export function openTorchSegmenter(dir: string, options: TorchSegmenterOptions): ScanSegmenter {
  const { run, network } = loadSegmenter(dir, options.device);
  const plan = wishedPlan(planOfRun(run), dir, options);
  const slices = new TorchSliceSegmenter(network, plan, options.device);
  return {
    name: basename(resolve(dir)),
    classes: classesOfRun(run),
    plan,
    segmentShown: (shown: Scan, wishes: SegmentOptions = {}): Promise<ScanLabels> =>
      segmentScan(shown, slices, {
        plan,
        numLabels: run.labels.length,
        isNative: options.isNative ?? false,
        ...wishes,
      }),
    async dispose() {},
  };
}

/** What the network's labels are to other programs. */
export const classesOfRun = ({ labels }: Pick<FinetuneRun, "labels">): SegmentClass[] =>
  labels.map(({ value, name }) => {
    const { category, type, modifiers } = structureOf(name);
    return { value, name, color: [...labelColor(value)], category, type, modifiers: [...modifiers] };
  });

/** How scans become what the run's network learned from, and how its output becomes a label map. */
export function planOfRun({
  recipe,
  statistics,
  input,
  postProcessing = [],
  kinds = [],
  isAsStored,
  cropsBlackBorder,
}: FinetuneRun): SegmentationPlan {
  const { mode, tileOverlap, flips } = recipe.inference;
  const { width, height, fit, channel, dtype } = input;
  return {
    inputSize: recipe.inputSize,
    contextSlices: recipe.contextSlices,
    slices: { width, height, fit, channel, dtype },
    unitRange: [...unitRange(dtype)],
    statistics: { ...statistics, ...(statistics.limits === undefined ? {} : { limits: [...statistics.limits] }) },
    mode,
    tileOverlap,
    flips,
    postProcessing: [...postProcessing],
    kinds: [...kinds],
    ...(isAsStored ? { isAsStored } : {}),
    ...(cropsBlackBorder ? { cropsBlackBorder } : {}),
  } as SegmentationPlan;
}

/** A network on slices in their stored form. */
export class TorchSliceSegmenter implements SliceSegmenter {
  readonly #network: Segmenter;
  readonly #plan: SegmentationPlan;
  readonly #device: Device;

  constructor(network: Segmenter, plan: SegmentationPlan, device: Device) {
    this.#network = network;
    this.#plan = plan;
    this.#device = device;
  }

  async segmentSlices({ slices, width, height }: SliceBatch, wishes: SliceWishes): Promise<SliceLabels> {
    const {
      inputSize,
      statistics,
      slices: { dtype },
    } = this.#plan;
    const asImage = (pixels: SlicePixels): Tensor => fromTypedArray(pixels, [1, 1, height, width]);
    const toHost = (tensor: Tensor) => tensor.to({ device: "cpu" }).contiguous();
    const bytes = (tensor: Tensor) => toHost(tensor).toTypedArray() as Uint8Array;
    return scope(() => {
      const images = cat(slices.map((channels) => cat(channels.map(asImage), 1)));
      const unit = toUnit(images.to({ device: this.#device }), { dtype });
      const { mode, tileOverlap, flips } = this.#plan;
      const options = { inputSize, inference: { mode, tileOverlap, flips }, statistics: statistics };
      if (!wishes.fractions && !wishes.margins) return { labels: bytes(segmentLabels(this.#network, unit, options)) };
      const { margins, probabilities } = segmentMargins(this.#network, unit, options);
      return {
        labels: bytes(labelsOf(margins)),
        fractions: wishes.fractions
          ? bytes(probabilities().slice(1, 1).mul(255).round().to({ dtype: "uint8" }))
          : undefined,
        margins: wishes.margins ? (toHost(margins).toTypedArray() as Float32Array) : undefined,
      };
    });
  }
}
