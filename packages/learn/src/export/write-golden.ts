/**
 * Golden images into a model's folder: what goes in, what libtorch makes of it, and how near each file comes to that.
 */
import type { ModelCard, SegmentationPlan, WeightPrecision } from "@medssl/contract";
import { encodeNpy, segmentScan } from "@medssl/imaging";
import type { Device } from "@medssl/torch";
import type { Segmenter } from "../inference/segment-images.ts";
import { TorchSliceSegmenter } from "../inference/torch-segmenter.ts";
import { goldenImages } from "./golden-images.ts";
import type { ModelFolder } from "./model-folder.ts";
import {
  type AsyncNetwork,
  answering,
  askAll,
  inputsOf,
  type NetworkInput,
  sameShare,
  torchLogits,
  type WorstAnswer,
  worseOf,
} from "./queued-network.ts";

export interface GoldenOptions {
  readonly plan: SegmentationPlan;
  /** With the background. */
  readonly numLabels: number;
  readonly device: Device;
  readonly networks: ReadonlyMap<WeightPrecision, AsyncNetwork>;
}

export interface GoldenParity {
  /** The logits that differ most from libtorch's. */
  readonly worst: WorstAnswer;
  /** Smallest share of an image's pixels with libtorch's label, 0-1. */
  readonly sameLabels: number;
  /** Of the smallest image. */
  readonly pixels: number;
}

export interface Golden {
  readonly card: ModelCard["golden"];
  readonly parity: ReadonlyMap<WeightPrecision, GoldenParity>;
}

export async function writeGolden(
  folder: ModelFolder,
  network: Segmenter,
  { plan, numLabels, device, networks }: GoldenOptions,
): Promise<Golden> {
  const parity = new Map<WeightPrecision, GoldenParity>();
  const card: ModelCard["golden"] = [];
  for (const scan of goldenImages(plan)) {
    const segment = async (used: Segmenter) => {
      const slices = new TorchSliceSegmenter(used, plan, device);
      return (await segmentScan(scan, slices, { plan, numLabels: numLabels - 1 })).labels;
    };
    const inputs = await inputsOf(segment, numLabels);
    const wanted = inputs.map((input) => torchLogits(network, input, device));
    const labels = await segment(answering(wanted, numLabels));
    for (const [precision, other] of networks) {
      const { answers, worst } = await askAll(other, inputs, wanted);
      const sameLabels = sameShare(await segment(answering(answers, numLabels)), labels);
      const before = parity.get(precision);
      parity.set(precision, {
        worst: worseOf(before?.worst, worst),
        sameLabels: Math.min(sameLabels, before?.sameLabels ?? 1),
        pixels: Math.min(labels.length, before?.pixels ?? labels.length),
      });
    }
    const input = middleOf(inputs);
    const [, , height, width] = input.shape;
    const write = (name: string, array: Parameters<typeof encodeNpy>[0]) => {
      const file = `golden/${card.length}/${name}.npy`;
      folder.write(file, encodeNpy(array));
      return file;
    };
    card.push({
      image: write("image", { shape: scan.shape, data: scan.data }),
      labels: write("labels", { shape: scan.shape, data: labels }),
      input: write("input", { shape: input.shape, data: input.images }),
      logits: write("logits", {
        shape: [1, numLabels, height, width],
        data: torchLogits(network, input, device),
      }),
    });
  }
  return { card, parity };
}

/** Of all that the network was asked, one image: a tile amid a picture, or a slice amid a volume. */
function middleOf(inputs: readonly NetworkInput[]): NetworkInput {
  const { images, shape } = inputs[Math.floor(inputs.length / 2)]!;
  const [count, ...one] = shape;
  const size = images.length / count;
  const start = Math.floor(count / 2) * size;
  return { images: images.slice(start, start + size), shape: [1, ...one] };
}
