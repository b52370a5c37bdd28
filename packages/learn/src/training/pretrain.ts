/**
 * Pre-training: unlabelled images in, a ViT out.
 *
 * Method   masked image modelling, alone or together with anatomical contrast (see objectives/).
 * Budget   a step sees `batchSize` crops whatever the method: with contrast they are two views of half as many images.
 * Seeds    weights, order, crops and masks follow the recipe's seed; the same run twice on the CPU is bit-equal.
 */
import type { PretrainRecipe, RunListener } from "@medssl/contract";
import { type Device, manualSeed, noGrad, scope, writeSafetensors } from "@medssl/torch";
import { ImageSet, measureStatistics, type Selection } from "../data/image-set.ts";
import { Sampler } from "../data/sampler.ts";
import { cutViews } from "../data/views.ts";
import { writeReconstructions } from "../evaluation/pictures.ts";
import { moveModule, namedParameters, stateDict } from "../nn/module.ts";
import { randomKeepIndices, reconstruct } from "../objectives/masked-image-modeling.ts";
import { PretrainingModel, pretrainingLoss } from "../objectives/pretraining.ts";
import { AdamW } from "../optim/adamw.ts";
import { decayGroups } from "../optim/parameter-groups.ts";
import { resumeOrStart, type Trained, writeCheckpoint } from "./checkpoint.ts";
import { runSteps } from "./loop.ts";
import { precisionRunner } from "./precision.ts";
import {
  checkpointPath,
  encoderPath,
  finishedRun,
  type PretrainRun,
  projectionPath,
  reconstructionsPath,
  writeRun,
} from "./run-directory.ts";

export interface PretrainOptions {
  /** What the run is called in its progress. */
  readonly name: string;
  /** The unlabelled images. */
  readonly selections: readonly Selection[];
  readonly recipe: PretrainRecipe;
  /** Folder of the run. */
  readonly dir: string;
  /** Goes on from the folder's checkpoint, if there is one. */
  readonly isResumed: boolean;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

/** Images in the picture of reconstructions. */
const PICTURED = 6;

export async function pretrain(options: PretrainOptions): Promise<PretrainRun> {
  const { selections, recipe, dir, device, isResumed } = options;
  const stores = selections.map(({ store }) => store.dir);
  const done = finishedRun(dir, "pretrain", isResumed, { recipe, stores });
  if (done !== undefined) return done;
  const set = new ImageSet(selections);
  const statistics = measureStatistics(set);
  manualSeed(recipe.seed);
  const model = moveModule(new PretrainingModel(recipe), device);
  const parameters = namedParameters(model);
  const optimizer = new AdamW(decayGroups(parameters, recipe.weightDecay), { betas: [0.9, 0.95] });
  const viewsPerImage: 1 | 2 = recipe.method === "mim" ? 1 : 2;
  const imagesPerStep = Math.ceil(recipe.batchSize / viewsPerImage);
  const sampler = new Sampler(set.count, recipe.seed);
  const identity = { stage: "pretrain", recipe, stores, images: set.count };
  const trained: Trained = { parameters, optimizer, sampler, device, identity };
  const before = resumeOrStart(dir, trained, isResumed);
  const describe = (isComplete: boolean, seconds: number): PretrainRun => ({
    version: 1,
    stage: "pretrain",
    createdAt: new Date().toISOString(),
    stores,
    images: set.count,
    statistics,
    recipe,
    isComplete,
    seconds,
  });
  writeRun(dir, describe(false, before.seconds));
  const schedule = {
    peak: recipe.learningRate,
    totalSteps: recipe.steps,
    warmupSteps: Math.round(recipe.warmupFraction * recipe.steps),
  };
  const inPrecision = precisionRunner(recipe.precision, device);
  const viewOptions = {
    inputSize: recipe.inputSize,
    viewsPerImage,
    viewDistance: recipe.contrast.viewDistance,
    augmentation: recipe.augmentation,
    statistics,
    device,
  };

  const { isComplete, seconds } = await runSteps({
    ...options,
    firstStep: before.step,
    secondsBefore: before.seconds,
    schedule,
    optimizer,
    gradientClipNorm: recipe.gradientClipNorm,
    imagesPerStep: imagesPerStep * viewsPerImage,
    checkpointEveryMinutes: recipe.checkpointEveryMinutes,
    forward(step) {
      const views = cutViews(set, sampler.next(imagesPerStep), viewOptions);
      return inPrecision(() => pretrainingLoss(model, views, recipe, step));
    },
    checkpoint: (progress) => writeCheckpoint(checkpointPath(dir), trained, progress),
  });
  if (isComplete) {
    writeSafetensors(encoderPath(dir), stateDict(model.autoencoder.encoder));
    if (model.projectionHead !== undefined) writeSafetensors(projectionPath(dir), stateDict(model.projectionHead));
    await pictureReconstructions(model, set, options, viewOptions);
  }
  const run = describe(isComplete, seconds);
  writeRun(dir, run);
  return run;
}

/** The first images as they are, masked, and reconstructed. */
async function pictureReconstructions(
  model: PretrainingModel,
  set: ImageSet,
  { recipe, dir, device }: PretrainOptions,
  viewOptions: Parameters<typeof cutViews>[2],
): Promise<void> {
  const { mean, std } = viewOptions.statistics;
  const stride = Math.max(1, Math.floor(set.count / PICTURED));
  const indices = Array.from({ length: Math.min(PICTURED, set.count) }, (_, i) => i * stride);
  const still = { ...recipe.augmentation, areaMin: 1, areaMax: 1, aspect: 1, gamma: 0, contrast: 0, brightness: 0 };
  manualSeed(recipe.seed);
  const columns = noGrad(() =>
    scope(() => {
      const { images } = cutViews(set, indices, { ...viewOptions, viewsPerImage: 1, augmentation: still });
      const { encoder } = model.autoencoder;
      const keepIndices = randomKeepIndices(indices.length, encoder.numPatches, recipe.maskRatio, device);
      const { masked, reconstructed } = reconstruct(model.autoencoder, images, {
        keepIndices,
        varianceFloor: recipe.targetVarianceFloor,
      });
      return [images, masked, reconstructed].map((tensor) => tensor.mul(std).add(mean));
    }),
  );
  await writeReconstructions(reconstructionsPath(dir), columns);
}
