/**
 * Fine-tuning: labelled images and, as a rule, a pre-trained ViT in; a segmentation network out.
 *
 * Same crops  the generators are seeded again once the network is built, so that every network of a comparison sees
 *             the same crops in the same order.
 * Selection   none: a fixed number of steps, the last weights. Nothing looks at the held-out patients.
 */
import { type FinetuneRecipe, MedsslError, type RunListener } from "@medssl/contract";
import { type Device, manualSeed, writeSafetensors } from "@medssl/torch";
import { ImageSet, measureStatistics, type Selection } from "../data/image-set.ts";
import { cutLabeledCrops } from "../data/labeled-crops.ts";
import { Sampler } from "../data/sampler.ts";
import { buildSegmenter } from "../models/build-segmenter.ts";
import { type LoadedEncoder, loadEncoder } from "../models/load-encoder.ts";
import { moveModule, stateDict } from "../nn/module.ts";
import { ALONE } from "../objectives/ranks.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { gradientClip } from "../optim/adamw.ts";
import { resumeOrStart, type Trained, writeCheckpoint } from "./checkpoint.ts";
import { type Progress, runSteps } from "./loop.ts";
import { precisionRunner } from "./precision.ts";
import { type FinetuneRun, finishedRun, modelPath, runMachine, writeRun } from "./run-directory.ts";
import { lockRun } from "./run-lock.ts";
import { peakLearningRate, segmenterOptimizer } from "./segmenter-optimizer.ts";

export interface FinetuneOptions {
  /** What the run is called in its progress. */
  readonly name: string;
  /** The labelled images to learn from. */
  readonly selections: readonly Selection[];
  /** Patients who are kept for testing; written down, never read here. */
  readonly heldOutPatients: readonly string[];
  readonly recipe: FinetuneRecipe;
  /** Folder of a pre-training run or file of weights; undefined starts from random weights. */
  readonly encoder: string | undefined;
  readonly dir: string;
  readonly isResumed: boolean;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export async function finetune(options: FinetuneOptions): Promise<FinetuneRun> {
  const { selections, dir, device, isResumed, encoder } = options;
  const pretrained = encoder === undefined ? undefined : loadPretrained(encoder, options.recipe);
  const recipe = pretrained === undefined ? options.recipe : { ...options.recipe, encoder: pretrained.config };
  const stores = selections.map(({ store }) => store.dir);
  const patients = [...new Set(selections.flatMap(({ cases }) => cases.map(({ patient }) => patient)))].sort();
  const settings = { recipe, encoder: encoder ?? null, stores, patients };
  const done = finishedRun(dir, "finetune", isResumed, settings);
  if (done !== undefined) return done;
  const set = new ImageSet(selections);
  if (set.labels.length === 0) {
    throw new MedsslError("ERR_STORE_LABELS", `The store ${selections[0]!.store.dir} has no masks.`, {
      hint: "Ingest a folder with images/ and masks/.",
    });
  }
  for (const message of pretrained?.notes ?? []) options.listen({ type: "note", level: "info", message });
  const statistics = pretrained?.statistics ?? measureStatistics(set);
  manualSeed(recipe.seed);
  const network = moveModule(buildSegmenter(recipe, set.labels.length, pretrained?.encoder), device);
  const optimizer = segmenterOptimizer(network, recipe, encoder !== undefined);
  const parameters = optimizer.groups.flatMap((group) => group.parameters);
  manualSeed(recipe.seed);
  const sampler = new Sampler(set.count, recipe.seed);
  const identity = { stage: "finetune", ...settings, images: set.count };
  const trained: Trained = { parameters, states: [optimizer], sampler, device, identity };
  using _lock = lockRun(dir);
  const before = resumeOrStart(dir, trained, { isResumed, listen: options.listen });
  const { width, height, channel, fit, dtype } = set.recipe;
  const describe = (isComplete: boolean, { step, seconds }: Progress): FinetuneRun => ({
    version: 1,
    stage: "finetune",
    createdAt: new Date().toISOString(),
    ...settings,
    images: set.count,
    statistics,
    labels: set.labels,
    heldOutPatients: options.heldOutPatients,
    input: { width, height, channel, fit, dtype },
    isComplete,
    step,
    seconds,
    machine: runMachine(device, 1),
  });
  writeRun(dir, describe(false, before));
  const schedule = {
    peak: peakLearningRate(recipe),
    totalSteps: recipe.steps,
    warmupSteps: recipe.warmupSteps,
  };
  const inPrecision = precisionRunner(recipe.precision, device);
  const cropOptions = { inputSize: recipe.inputSize, augmentation: recipe.augmentation, statistics, device };

  const result = await runSteps({
    ...options,
    firstStep: before.step,
    secondsBefore: before.seconds,
    schedule,
    ranks: ALONE,
    imagesPerStep: recipe.batchSize,
    imagesPerEpoch: set.count,
    checkpointEverySteps: 0,
    checkpointEveryMinutes: recipe.checkpointEveryMinutes,
    takeStep(_step, learningRate) {
      const { images, labels } = cutLabeledCrops(set, sampler.next(recipe.batchSize), cropOptions);
      const { loss, dice, crossEntropy } = inPrecision(() => segmentationLoss(network.forward(images), labels));
      loss.backward();
      const clip = gradientClip(optimizer.parameters, recipe.gradientClipNorm);
      optimizer.step(learningRate, clip);
      return { loss, gradientNorm: clip.norm, parts: { diceLoss: dice, crossEntropy } };
    },
    checkpoint: (progress) => writeCheckpoint(dir, trained, progress, options.listen),
  });
  if (result.isComplete) writeSafetensors(modelPath(dir), stateDict(network));
  const run = describe(result.isComplete, result);
  writeRun(dir, run);
  return run;
}

/** A pre-trained encoder brings its own shape. */
function loadPretrained(encoder: string, { head, inputSize }: FinetuneRecipe): LoadedEncoder {
  if (head === "unet") {
    throw new MedsslError("ERR_HEAD_UNET", "A plain U-Net has no encoder to start from pre-trained weights.", {
      hint: "Use --encoder none, or --head hybrid: the ViT inside the same U-Net.",
    });
  }
  return loadEncoder(encoder, { imageSize: inputSize });
}
