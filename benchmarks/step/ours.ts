/** The step of masked image modelling, as `medssl pretrain` takes it. */
import {
  AdamW,
  Draws,
  decayGroups,
  drawKeepIndices,
  MaskedAutoencoder,
  namedParameters,
  reconstructionLoss,
  stateDict,
  ViT,
} from "@medssl/learn";
import {
  autocast,
  manualSeed,
  memoryStats,
  rand,
  randn,
  scope,
  setNumThreads,
  type Tensor,
  writeSafetensors,
} from "@medssl/torch";
import { serve } from "../contender.ts";
import type { StepSettings } from "../step.ts";

class Training {
  readonly #settings: StepSettings;
  readonly #model: MaskedAutoencoder;
  readonly #optimizer: AdamW;
  readonly #images: Tensor;
  readonly #noise: Tensor;

  constructor(settings: StepSettings) {
    const { imageSize, patchSize, encoder, decoder, batch, weightDecay, betas } = settings;
    setNumThreads(settings.threads);
    manualSeed(0);
    const vit = new ViT({ ...encoder, imageSize, patchSize, mlpRatio: 4, positions: "sincos" });
    this.#settings = settings;
    this.#model = new MaskedAutoencoder(vit, decoder);
    this.#optimizer = new AdamW(decayGroups(namedParameters(this.#model), weightDecay), { betas });
    this.#images = randn([batch, 1, imageSize, imageSize]);
    this.#noise = rand([batch, vit.numPatches]);
  }

  /** What the peer starts from. */
  write(): void {
    const batch = [["images", this.#images] as const, ["noise", this.#noise] as const];
    writeSafetensors(this.#settings.stateFile, [...stateDict(this.#model), ...batch]);
  }

  /** Patches kept by the noise that the peer has too, or drawn. */
  step(isDrawn: boolean): number {
    const { batch, maskRatio, varianceFloor, precision, learningRate } = this.#settings;
    const { gridSize, numPatches } = this.#model.encoder;
    return scope(() => {
      const forward = (): Tensor => {
        const keepIndices = isDrawn
          ? drawKeepIndices(new Draws(batch, "cpu"), gridSize, { maskRatio, maskStrategy: "random", maskBlockSize: 1 })
          : this.#noise.argsort(1).slice(1, 0, Math.round(numPatches * (1 - maskRatio)));
        return reconstructionLoss(this.#model, this.#images, { keepIndices, varianceFloor }).mim;
      };
      const loss = precision === "bfloat16" ? autocast({}, forward) : forward();
      loss.backward();
      this.#optimizer.step(learningRate);
      return loss.item();
    });
  }
}

let training: Training;

await serve({
  prepare(settings: StepSettings) {
    training = new Training(settings);
    training.write();
    return {};
  },
  losses: ({ count }: { count: number }) => ({ losses: Array.from({ length: count }, () => training.step(false)) }),
  steps({ count }: { count: number }) {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    for (let i = 0; i < count; i++) training.step(true);
    const { user, system } = process.cpuUsage(cpuStart);
    return { seconds: (performance.now() - start) / 1e3 / count, cpuSeconds: (user + system) / 1e6 / count };
  },
  memory: () => ({ bytes: memoryStats().peakResidentBytes }),
});
