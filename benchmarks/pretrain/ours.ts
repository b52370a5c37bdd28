/** The step of masked image modelling, as `medssl pretrain` takes it; and the joint step beside one without contrast. */
import {
  AdamW,
  Draws,
  decayGroups,
  drawKeepIndices,
  MaskedAutoencoder,
  moveModule,
  namedParameters,
  reconstructionLoss,
  stateDict,
  ViT,
} from "@medssl/learn";
import {
  autocast,
  type Device,
  manualSeed,
  memoryStats,
  noGrad,
  rand,
  randn,
  scope,
  setNumThreads,
  synchronize,
  type Tensor,
  useDevice,
  writeSafetensors,
} from "@medssl/torch";
import { serve } from "../contender.ts";
import { JointStep } from "./joint-step.ts";
import type { StepSettings } from "./settings.ts";

class Training {
  readonly settings: StepSettings;
  readonly #model: MaskedAutoencoder;
  readonly #optimizer: AdamW;
  readonly #images: Tensor;
  readonly #noise: Tensor;

  constructor(settings: StepSettings) {
    const { device, imageSize, patchSize, encoder, decoder, batch, weightDecay, betas } = settings;
    useDevice(device);
    setNumThreads(settings.threads);
    manualSeed(0);
    const vit = new ViT({ ...encoder, imageSize, patchSize, mlpRatio: 4, positions: "sincos" });
    this.settings = settings;
    this.#model = moveModule(new MaskedAutoencoder(vit, decoder), device);
    this.#optimizer = new AdamW(decayGroups(namedParameters(this.#model), weightDecay), { betas });
    this.#images = randn([batch, 1, imageSize, imageSize]).to({ device });
    this.#noise = rand([batch, vit.numPatches]).to({ device });
  }

  /** What the peer starts from. */
  write(): void {
    const batch = [["images", this.#images] as const, ["noise", this.#noise] as const];
    const tensors = [...stateDict(this.#model), ...batch].map(([name, tensor]) => [name, tensor.to({ device: "cpu" })]);
    scope(() => writeSafetensors(this.settings.stateFile, tensors as [string, Tensor][]));
  }

  /** Patches kept by the noise that the peer has too, or drawn. */
  step(isDrawn: boolean): Tensor {
    const { device, batch, maskRatio, varianceFloor, learningRate } = this.settings;
    const { numPatches, gridSize } = this.#model.encoder;
    return scope(() => {
      const loss = this.inPrecision(() => {
        const keepIndices = isDrawn
          ? drawKeepIndices(new Draws(batch, device), gridSize, { maskRatio, maskStrategy: "random", maskBlockSize: 1 })
          : this.#noise.argsort(1).slice(1, 0, Math.round(numPatches * (1 - maskRatio)));
        return reconstructionLoss(this.#model, this.#images, { keepIndices, varianceFloor }).mim;
      });
      loss.backward();
      this.#optimizer.step(learningRate);
      return loss;
    });
  }

  inPrecision<Result>(forward: () => Result): Result {
    const { device, precision } = this.settings;
    return precision === "bfloat16" ? autocast({ device }, forward) : forward();
  }
}

interface Seconds {
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
}

/** Of one of `count` runs. */
function timed(device: Device, count: number, work: () => void): Seconds {
  synchronize(device);
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  for (let i = 0; i < count; i++) scope(work);
  synchronize(device);
  const { user, system } = process.cpuUsage(cpuStart);
  return { seconds: (performance.now() - start) / 1e3 / count, cpuSeconds: (user + system) / 1e6 / count };
}

let training: Training;
let joint: JointStep;

await serve({
  prepare(settings: StepSettings) {
    training = new Training(settings);
    training.write();
    return {};
  },
  losses: ({ count }: { count: number }) => ({
    losses: Array.from({ length: count }, () => scope(() => training.step(false).item())),
  }),
  steps: ({ count }: { count: number }) => timed(training.settings.device, count, () => void training.step(true)),
  /** Of a square matrix product, in floating-point operations a second. */
  product({ size }: { size: number }) {
    const { device, precision } = training.settings;
    return scope(() => {
      const [x, weight] = [randn([size, size]), randn([size, size])].map((tensor) =>
        tensor.to({ device, dtype: precision }),
      ) as [Tensor, Tensor];
      const once = () => timed(device, 1, () => noGrad(() => void x.linear(weight))).seconds;
      once();
      return { rate: (2 * size ** 3) / Math.min(once(), once(), once()) };
    });
  },
  prepareJoint(values: { device: Device; threads: number; recipe: object }) {
    useDevice(values.device);
    setNumThreads(values.threads);
    joint = new JointStep(values.recipe, values.device);
    return {};
  },
  jointSteps: ({ method, count }: { method: "mim" | "mim+acl"; count: number }) =>
    timed(joint.device, count, () => joint.step(method)),
  memory: ({ device = "cpu" }: { device?: Device }) => {
    const { peakResidentBytes, peakDeviceBytes } = memoryStats(device);
    return { bytes: device === "cpu" ? peakResidentBytes : peakDeviceBytes };
  },
});
