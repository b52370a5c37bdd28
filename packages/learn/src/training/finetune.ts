/**
 * Fine-tuning: labelled images and, as a rule, a pre-trained ViT in; a segmentation network out.
 *
 * Same crops  the generators are seeded again once the network is built, so that every network of a comparison sees
 *             the same crops in the same order.
 * Selection   the last weights, or with validation those that were best on patients taken from the labelled ones. Nothing looks
 *             at the held-out patients.
 * Kept        where a running mean is kept (`emaDecay`, or with `semi`) the network is that mean.
 * Errors      `ERR_STORE_LABELS`, `ERR_HEAD_UNET`, `ERR_SEMI_POOL`, `ERR_LABELS_IGNORE`, and those of stores, runs and weights.
 */
import {
  type FinetuneRecipe,
  finetuneSchema,
  MedsslError,
  parseRecipe,
  type RunListener,
  type ViTConfig,
} from "@medssl/contract";
import { type Device, manualSeed, type Tensor, writeSafetensors } from "@medssl/torch";
import { isAsStored } from "../data/anatomy.ts";
import { arePicturesWithoutBorder } from "../data/black-borders.ts";
import type { Selection } from "../data/image-set.ts";
import { balancedWeights } from "../data/label-pixels.ts";
import { type CropManner, cutLabeledCrops } from "../data/labeled-crops.ts";
import { normalizationStatistics } from "../data/normalization.ts";
import { Sampler } from "../data/sampler.ts";
import { meanDice } from "../evaluation/mean-dice.ts";
import { buildSegmenter } from "../models/build-segmenter.ts";
import { type LoadedEncoder, loadEncoder } from "../models/load-encoder.ts";
import { moveModule, stateDict } from "../nn/module.ts";
import { ALONE } from "../objectives/ranks.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { gradientClip } from "../optim/adamw.ts";
import type { NamedParameters } from "../optim/parameter-groups.ts";
import { WeightAverage } from "../optim/weight-average.ts";
import { resumeOrStart, type Trained, writeCheckpoint } from "./checkpoint.ts";
import { choosePostProcessing } from "./chosen-post-processing.ts";
import { Consistency } from "./consistency.ts";
import { finetuneData } from "./finetune-data.ts";
import { type Progress, runSteps } from "./loop.ts";
import { plannedRecipe } from "./planned-recipe.ts";
import { precisionRunner } from "./precision.ts";
import { type FinetuneRun, finishedRun, type MetricsLine, modelPath, runMachine, writeRun } from "./run-directory.ts";
import { lockRun } from "./run-lock.ts";
import { peakLearningRate, segmenterOptimizer } from "./segmenter-optimizer.ts";
import { BestWeights } from "./validation.ts";

export interface FinetuneOptions {
  /** What the run is called in its progress. */
  readonly name: string;
  /** The labelled images to learn from. */
  readonly selections: readonly Selection[];
  /** Images to be consistent on, labelled or not; of the recipe's `semi`. */
  readonly pool?: readonly Selection[] | undefined;
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

/** Decay of the running mean that teaches, where the recipe keeps none itself. */
const TEACHER_DECAY = 0.99;

export async function finetune(options: FinetuneOptions): Promise<FinetuneRun> {
  const { selections, dir, device, isResumed, encoder, listen } = options;
  const pretrained = encoder === undefined ? undefined : loadPretrained(encoder, options.recipe);
  const recipe = pretrained === undefined ? plannedRecipe(options) : { ...options.recipe, encoder: pretrained.config };
  const stores = selections.map(({ store }) => store.dir);
  const patients = [...new Set(selections.flatMap(({ cases }) => cases.map(({ patient }) => patient)))].sort();
  const settings = { recipe, encoder: encoder ?? null, stores, patients };
  const done = finishedRun(dir, "finetune", isResumed, settings);
  if (done !== undefined) return done;

  const data = finetuneData(options);
  const { set, validation, pool, classes, pixels, ignoredValue } = data;
  for (const message of pretrained?.notes ?? []) listen({ type: "note", level: "info", message });
  if (pretrained !== undefined) {
    const ignored = unmetShape(options.recipe.encoder, pretrained.config);
    if (ignored.length > 0) listen({ type: "note", level: "warning", message: shapeNote(ignored) });
  }
  const statistics = pretrained?.statistics ?? normalizationStatistics(set, recipe.normalization);

  manualSeed(recipe.seed);
  const network = moveModule(buildSegmenter(recipe, classes.length, pretrained), device);
  if (recipe.loss.deepSupervision > 0 && network.forwardLevels === undefined) {
    const message = `loss.deepSupervision is left out: the head ${recipe.head} has no coarser levels (hybrid and U-Nets have)`;
    listen({ type: "note", level: "warning", message });
  }
  const optimizer = segmenterOptimizer(network, recipe, pretrained);
  const parameters = optimizer.groups.flatMap((group) => group.parameters);
  const encoderParameters = parameters.filter(([name]) => name.startsWith("encoder."));
  manualSeed(recipe.seed);

  const sampler = new Sampler(set.count, recipe.seed);
  const inPrecision = precisionRunner(recipe.precision, device);
  const manner: CropManner = { ...recipe, statistics, device };
  const isSemi = recipe.semi.weight > 0;
  const average =
    recipe.emaDecay > 0 || isSemi ? new WeightAverage(parameters, recipe.emaDecay || TEACHER_DECAY) : undefined;
  const best = validation && new BestWeights(parameters);
  const poolSampler = pool && new Sampler(pool.count, recipe.seed + 1);
  const consistency =
    pool &&
    new Consistency({
      semi: recipe.semi,
      set: pool,
      sampler: poolSampler!,
      teacher: average!,
      manner,
      forward: (images) => inPrecision(() => network.forward(images)),
    });

  const identity = { stage: "finetune", ...settings, images: set.count, pool: pool?.count ?? 0 };
  const samplers = [sampler, ...(poolSampler ? [poolSampler] : [])];
  const states = [optimizer, ...(average ? [average] : []), ...(best ? [best] : [])];
  const trained: Trained = { parameters, states, samplers, device, identity };
  using _lock = lockRun(dir);
  const before = resumeOrStart(dir, trained, { isResumed, listen });
  const { width, height, channel, fit, dtype } = set.recipe;
  const cropsBlackBorder = arePicturesWithoutBorder(set);
  const describe = (isComplete: boolean, { step, seconds }: Progress): FinetuneRun => ({
    version: 1,
    stage: "finetune",
    createdAt: new Date().toISOString(),
    ...settings,
    images: set.count,
    statistics,
    labels: classes,
    ...(ignoredValue === undefined ? {} : { ignoredValue }),
    ...(pool === undefined ? {} : { pool: { stores: storesOf(options.pool!), images: pool.count } }),
    heldOutPatients: options.heldOutPatients,
    ...(best === undefined ? {} : { validation: { patients: validation!.patients, ...best.record } }),
    input: { width, height, channel, fit, dtype },
    kinds: set.kinds,
    ...(isAsStored(selections) ? { isAsStored: true } : {}),
    cropsBlackBorder,
    isComplete,
    step,
    seconds,
    machine: runMachine(device, 1),
  });
  writeRun(dir, describe(false, before));

  const lossOptions = {
    ...recipe.loss,
    classWeights: recipe.loss.classBalance === "none" ? undefined : balancedWeights(pixels).to({ device }).keep(),
  };
  const forwardOptions = { dropPathRate: recipe.dropPathRate };
  const forward = (images: Tensor): Tensor | Tensor[] =>
    recipe.loss.deepSupervision > 0 && network.forwardLevels !== undefined
      ? network.forwardLevels(images, forwardOptions)
      : network.forward(images, forwardOptions);
  const cropOptions = {
    ...manner,
    foregroundShare: recipe.foregroundShare,
    values: classes.map(({ value }) => value),
    ignoredValue,
  };
  /** Measures the network that would be kept on the validation patients. @returns Whether more steps are of no use */
  const validate = async (step: number): Promise<boolean> => {
    average?.exchange();
    try {
      const measured = { ...recipe, statistics, labels: classes, ignoredValue, device };
      const dice = await meanDice(network, validation!.set, measured);
      best!.offer(dice, step);
      const message = `step ${step}: Dice ${(100 * dice).toFixed(1)} on the validation patients`;
      listen({ type: "note", level: "info", message });
    } finally {
      average?.exchange();
    }
    return best!.record.misses >= recipe.validation.patience;
  };

  const isValidated = (step: number) =>
    best !== undefined && (step % recipe.validation.everySteps === 0 || step === recipe.steps);

  const result = await runSteps({
    ...options,
    firstStep: before.step,
    secondsBefore: before.seconds,
    schedule: {
      kind: recipe.schedule,
      peak: peakLearningRate(recipe),
      totalSteps: recipe.steps,
      warmupSteps: recipe.warmupSteps,
    },
    ranks: ALONE,
    imagesPerStep: recipe.batchSize,
    imagesPerEpoch: set.count,
    checkpointEverySteps: 0,
    checkpointEveryMinutes: recipe.checkpointEveryMinutes,
    takeStep(step, learningRate) {
      freeze(encoderParameters, encoder !== undefined && step < recipe.frozenSteps);
      const { images, labels } = cutLabeledCrops(set, sampler.next(recipe.batchSize), cropOptions);
      const pseudo = consistency?.pseudoLabels(step);
      const supervised = inPrecision(() => segmentationLoss(forward(images), labels, lossOptions));
      const unsupervised = pseudo && consistency!.loss(step, pseudo);
      const loss = unsupervised === undefined ? supervised.loss : supervised.loss.add(unsupervised);
      loss.backward();
      const clip = gradientClip(optimizer.parameters, recipe.gradientClipNorm);
      optimizer.step(learningRate, clip);
      average?.update(step);
      const { crossEntropy, dice, clDice } = supervised;
      const parts: Record<string, Tensor> = { diceLoss: dice, crossEntropy };
      if (clDice !== undefined) parts["clDiceLoss"] = clDice;
      if (consistency !== undefined) {
        parts["consistency"] = unsupervised ?? loss.detach().mul(0);
        parts["confident"] = pseudo?.confident ?? loss.detach().mul(0);
      }
      return { loss, gradientNorm: clip.norm, parts };
    },
    checkpoint: (progress) => writeCheckpoint(dir, trained, progress, listen),
    watchesWeights: isValidated,
    watch: async ({ step }: MetricsLine) => (isValidated(step) && (await validate(step)) ? "finished" : undefined),
  });
  if (result.isComplete) {
    if (best !== undefined) best.apply();
    else average?.apply();
    writeSafetensors(modelPath(dir), stateDict(network));
  }
  const postProcessing = result.isComplete ? await choosePostProcessing(network, data, recipe, manner) : undefined;
  const run = { ...describe(result.isComplete, result), ...(postProcessing ? { postProcessing } : {}) };
  writeRun(dir, run);
  return run;
}

const storesOf = (selections: readonly Selection[]): string[] =>
  selections.filter(({ cases }) => cases.length > 0).map(({ store }) => store.dir);

/** Whether a pre-trained ViT stays as it is for now. */
function freeze(parameters: NamedParameters, isFrozen: boolean): void {
  for (const [, parameter] of parameters) if (parameter.requiresGrad === isFrozen) parameter.setRequiresGrad(!isFrozen);
}

/** Fields of an encoder that were asked for and that a pre-trained one has otherwise: "encoder.patchSize is 16, not 8". */
function unmetShape(asked: ViTConfig, own: ViTConfig): string[] {
  const usual = parseRecipe(finetuneSchema, {}).encoder;
  const fields = Object.keys(usual) as (keyof ViTConfig)[];
  return fields
    .filter((field) => asked[field] !== usual[field] && asked[field] !== own[field])
    .map((field) => `encoder.${field} is ${own[field]}, not ${asked[field]}`);
}

const shapeNote = (unmet: readonly string[]): string =>
  `${unmet.join("; ")}: a pre-trained encoder keeps its shape. Set it in pre-training; \`medssl weights --patch-size\` resizes patches`;

/** A pre-trained encoder brings its own shape. */
function loadPretrained(encoder: string, { head, inputSize }: FinetuneRecipe): LoadedEncoder {
  if (head === "unet" || head === "auto-unet") {
    throw new MedsslError("ERR_HEAD_UNET", "A plain U-Net has no encoder to start from pre-trained weights.", {
      hint: "Use --encoder none, or --head hybrid: the ViT inside the same U-Net.",
    });
  }
  return loadEncoder(encoder, { imageSize: inputSize, isForHybrid: head === "hybrid" });
}
