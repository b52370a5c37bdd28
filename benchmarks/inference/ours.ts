/** Sliding-window inference as `medssl predict` does it. */
import { freezeModule, HybridUNet, type Segmenter, segmentImages, stateDict, UNet, ViT } from "@medssl/learn";
import {
  manualSeed,
  memoryStats,
  noGrad,
  rand,
  scope,
  setNumThreads,
  type Tensor,
  writeSafetensors,
} from "@medssl/torch";
import { serve } from "../contender.ts";
import type { WindowSettings } from "./settings.ts";

class Work {
  readonly #settings: WindowSettings;
  readonly #network: Segmenter;
  readonly #images: Tensor;

  constructor(settings: WindowSettings) {
    const { threads, head, tile, numClasses, encoder, shape, stateFile } = settings;
    setNumThreads(threads);
    manualSeed(0);
    this.#settings = settings;
    const { patch: patchSize, dim: embedDim, depth, heads: numHeads } = encoder;
    const vit = () =>
      new ViT({ imageSize: tile, patchSize, embedDim, depth, numHeads, mlpRatio: 4, positions: "sincos" });
    this.#network = head === "unet" ? new UNet({ numClasses }) : new HybridUNet(vit(), { numClasses });
    this.#images = rand([1, 1, ...shape]);
    writeSafetensors(stateFile, [...stateDict(this.#network), ["images", this.#images]]);
    freezeModule(this.#network);
  }

  run(): Tensor {
    const { tile, overlap } = this.#settings;
    return noGrad(() =>
      segmentImages(this.#network, this.#images, {
        inputSize: tile,
        inference: { mode: "tiles", tileOverlap: overlap, flips: "none" },
        statistics: { mean: 0, std: 1 },
      }),
    );
  }
}

let work: Work;

await serve({
  prepare(settings: WindowSettings) {
    work = new Work(settings);
    return {};
  },
  samples: ({ every }: { every: number }) => ({
    values: scope(() => [
      ...(work.run().flatten().slice(0, 0, undefined, every).contiguous().toTypedArray() as Float32Array),
    ]),
  }),
  steps({ count }: { count: number }) {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    for (let i = 0; i < count; i++) scope(() => void work.run());
    const { user, system } = process.cpuUsage(cpuStart);
    return { seconds: (performance.now() - start) / 1e3 / count, cpuSeconds: (user + system) / 1e6 / count };
  },
  memory: () => ({ bytes: memoryStats().peakResidentBytes }),
});
