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
import { Parity } from "./parity.ts";
import { type AsyncNetwork, inputsOf, type NetworkInput, torchLogits } from "./queued-network.ts";

export interface GoldenOptions {
  readonly plan: SegmentationPlan;
  /** With the background. */
  readonly numLabels: number;
  readonly device: Device;
  readonly networks: ReadonlyMap<WeightPrecision, AsyncNetwork>;
}

export interface Golden {
  readonly card: ModelCard["golden"];
  /** Of each precision, over all golden images. */
  readonly parity: ReadonlyMap<WeightPrecision, Parity>;
}

export async function writeGolden(
  folder: ModelFolder,
  network: Segmenter,
  { plan, numLabels, device, networks }: GoldenOptions,
): Promise<Golden> {
  const parity = new Map([...networks.keys()].map((precision) => [precision, new Parity()]));
  const card: ModelCard["golden"] = [];
  for (const scan of goldenImages(plan)) {
    const segment = (used: Segmenter) =>
      segmentScan(scan, new TorchSliceSegmenter(used, plan, device), { plan, numLabels: numLabels - 1 });
    const { labels } = await segment(network);
    const input = middleOf(await inputsOf(segment, numLabels));
    const logits = torchLogits(network, input, device);
    for (const [precision, other] of networks) {
      parity.get(precision)!.add(await other.run(input.images, input.shape), logits, numLabels);
    }
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
      logits: write("logits", { shape: [1, numLabels, height, width], data: logits }),
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
