/**
 * Pre-training: unlabelled images in, a ViT out.
 *
 * Method   one objective for each (see objectives/), all under this loop.
 * Budget   a step sees `batchSize` crops whatever the method: where a method needs two views, of half as many images.
 * Seeds    weights, order, crops and masks follow the recipe's seed; the same run twice on the CPU is bit-equal.
 * Ranks    of several processes each computes its share of every batch; the first one checks, speaks and writes.
 * Errors   `ERR_RANKS` when images or batch cannot be shared, and those of stores, folders and checkpoints.
 */
import type { PretrainRecipe, RunListener } from "@medssl/contract";
import {
  type Device,
  GradientReducer,
  manualSeed,
  type ProcessGroup,
  scope,
  stack,
  type Tensor,
  writeSafetensors,
} from "@medssl/torch";
import { type Anatomy, anatomyOf } from "../data/anatomy.ts";
import { ImageSet, measureStatistics, type Selection } from "../data/image-set.ts";
import { sampledGroups, withoutBlanks } from "../data/pool.ts";
import { Sampler } from "../data/sampler.ts";
import { cutViews, type ViewOptions } from "../data/views.ts";
import { loadEncoder, saveEncoder } from "../models/load-encoder.ts";
import { moveModule, namedParameters, stateDict } from "../nn/module.ts";
import { createObjective, type PretrainingObjective } from "../objectives/pretraining.ts";
import { ALONE, ranksOf } from "../objectives/ranks.ts";
import { AdamW, gradientClip } from "../optim/adamw.ts";
import { decayGroups, type NamedParameters } from "../optim/parameter-groups.ts";
import { WeightAverage } from "../optim/weight-average.ts";
import { FewShotProbe } from "../watch/few-shot-probe.ts";
import { doesAny, requireSameRun, requireSameStart } from "./agreement.ts";
import { type Batch, batchOf } from "./batch.ts";
import { resumeOrStart, type Trained, writeCheckpoint } from "./checkpoint.ts";
import { type Progress, runSteps, type StepOutcome } from "./loop.ts";
import { precisionRunner } from "./precision.ts";
import { convolutionsBatch, pretrainConvolutions } from "./pretrain-convolutions.ts";
import { PretrainWatch } from "./pretrain-watch.ts";
import {
  encoderPath,
  finishedRun,
  hasCheckpoint,
  type PretrainRun,
  projectionPath,
  readCompleteRun,
  readRun,
  runMachine,
  writeRun,
} from "./run-directory.ts";
import { lockRun } from "./run-lock.ts";

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
  /** The run ends, with a checkpoint, before the process is this old. */
  readonly timeLimitSeconds?: number | undefined;
  /** File of weights or folder of a run that the encoder starts from, whose shape it then has. */
  readonly init?: string | undefined;
  /** Labelled images for the few-shot probe. */
  readonly probe?: readonly Selection[] | undefined;
  /** The processes that train together, each with `device` of its own; all with the same options otherwise. */
  readonly group?: ProcessGroup | undefined;
}

export async function pretrain(options: PretrainOptions): Promise<PretrainRun> {
  const { dir, device, isResumed, listen, group, init } = options;
  const ranks = group === undefined ? ALONE : ranksOf(group);
  const isFirst = ranks.index === 0;
  // A run that is gone on with needs no weights to begin from: they may be gone.
  const earlier = isResumed ? earlierRun(dir, init) : undefined;
  const loaded =
    init === undefined || earlier !== undefined
      ? undefined
      : loadEncoder(init, { imageSize: options.recipe.inputSize });
  const brought = init === undefined ? undefined : (earlier?.recipe.encoder ?? loaded?.config);
  const recipe = { ...options.recipe, encoder: brought ?? options.recipe.encoder };
  for (const message of loaded?.notes ?? []) listen({ type: "note", level: "info", message });
  const stores = options.selections.map(({ store }) => store.dir);
  const settings = { recipe, stores, init: init ?? null };
  const done = isFirst ? finishedRun(dir, "pretrain", isResumed, settings) : undefined;
  if (doesAny(done !== undefined, group)) return done ?? readCompleteRun(dir, "pretrain");
  const selections = withoutBlanks(options.selections, listen);
  const set = new ImageSet(selections);
  const batch = batchOf(recipe, set.count, ranks.of);
  const hasSecondPart = recipe.convolutions.steps > 0;
  if (hasSecondPart) convolutionsBatch(recipe, set.count, ranks.of); // refuses before hours are spent
  if (set.count < batch.images) {
    const message = `${set.count} images for a batch of ${batch.images}: a step sees each about ${Math.round(batch.images / set.count)} times. More images, or a smaller batchSize, teach more.`;
    listen({ type: "note", level: "warning", message });
  }
  const statistics = measureStatistics(set, recipe.augmentation.windows);
  manualSeed(recipe.seed);
  const objective = moveModule(createObjective(recipe, loaded?.encoder), device);
  const parameters = namedParameters(objective);
  const reducer =
    group &&
    new GradientReducer(
      parameters.map(([, parameter]) => parameter),
      group,
    );
  const optimizer = new AdamW(decayGroups(parameters, recipe.weightDecay), { betas: [0.9, 0.95] });
  const average = recipe.emaDecay > 0 ? new WeightAverage(parameters, recipe.emaDecay) : undefined;
  const groups = sampledGroups(selections, recipe.sampling, listen);
  const sampler = new Sampler(groups, recipe.seed);
  const identity = { stage: "pretrain", ...settings, recipe: whatCounts(recipe), images: set.count };
  requireSameRun(identity, group);
  const states = average === undefined ? [optimizer] : [optimizer, average];
  const trained: Trained = { parameters, states, samplers: [sampler], device, identity };
  const { inputSize, seed } = recipe;
  const probe =
    isFirst && options.probe
      ? new FewShotProbe({ selections: options.probe, statistics, inputSize, device, seed })
      : undefined;
  using _lock = isFirst ? lockRun(dir) : undefined;
  const before = resumeOrStart(dir, trained, { isResumed, writes: isFirst, listen });
  requireSameStart(before.step, group);
  const createdAt = earlier?.createdAt ?? new Date().toISOString();
  const describe = (isComplete: boolean, { step, seconds }: Progress): PretrainRun => ({
    version: 1,
    stage: "pretrain",
    createdAt,
    ...settings,
    images: set.count,
    statistics,
    isComplete,
    step,
    seconds,
    machine: runMachine(device, ranks.of),
  });
  if (isFirst) writeRun(dir, describe(false, before));
  const viewOptions: ViewOptions = {
    inputSize,
    viewsPerImage: batch.views,
    viewDistance: recipe.contrast.viewDistance,
    usesThorax: recipe.method === "mim+acl" && recipe.contrast.frame === "anatomy",
    augmentation: recipe.augmentation,
    statistics,
    device,
    share: ranks,
  };
  const anatomy = anatomyOf(selections);
  listen({ type: "note", level: "info", message: describeStart(recipe, anatomy, batch, parameters) });
  const inPrecision = precisionRunner(recipe.precision, device);
  const watch = isFirst ? new PretrainWatch({ ...options, recipe, probe, objective, set, viewOptions }) : undefined;
  if (before.step === 0) await watch?.measure(0);
  const result = await runSteps({
    ...options,
    ranks,
    firstStep: before.step,
    secondsBefore: before.seconds,
    schedule: {
      peak: recipe.learningRate,
      totalSteps: recipe.steps,
      warmupSteps: Math.round(recipe.warmupFraction * recipe.steps),
    },
    imagesPerStep: batch.images * batch.views,
    imagesPerEpoch: set.count * batch.views,
    checkpointEverySteps: recipe.checkpointEverySteps,
    checkpointEveryMinutes: recipe.checkpointEveryMinutes,
    takeStep(step, learningRate) {
      const chosen = sampler.next(batch.images);
      const parts = recipe.accumulationSteps;
      const microstep = (part: number) => {
        const from = (part * ranks.of + ranks.index) * batch.share;
        const views = cutViews(set, anatomy, chosen.slice(from, from + batch.share), viewOptions);
        const outcome = inPrecision(() => objective.loss(views, step, ranks));
        const loss = parts === 1 ? outcome.loss : outcome.loss.div(parts);
        if (reducer === undefined) loss.backward();
        else reducer.backward(loss, { isReduced: part === parts - 1 });
        return outcome;
      };
      const outcomes = Array.from({ length: parts }, (_, part) => scope(() => microstep(part)));
      const clip = gradientClip(optimizer.parameters, recipe.gradientClipNorm);
      optimizer.step(learningRate, clip);
      average?.update(step);
      return { ...(parts === 1 ? outcomes[0]! : meanOutcome(outcomes)), gradientNorm: clip.norm };
    },
    checkpoint(progress) {
      group?.check();
      writeCheckpoint(dir, trained, progress, listen);
    },
    watch: async (line) => watch?.afterStep(line),
  });
  let last = result;
  if (result.isComplete) {
    // A second part that is interrupted is gone on with from here.
    if (isFirst && hasSecondPart) writeCheckpoint(dir, trained, result, listen);
    average?.apply();
    // Without steps of its own the first part has nothing but the ViT that it was given.
    const hasLearned = recipe.steps > 0;
    if (isFirst) writeWeights(dir, objective, hasLearned);
    if (hasLearned) await watch?.report();
    if (hasSecondPart) {
      const { encoder } = objective;
      const phase = { options: { ...options, recipe }, encoder, set, anatomy, groups, viewOptions, ranks, identity };
      last = await pretrainConvolutions({ ...phase, secondsBefore: result.seconds });
    }
  }
  const { isComplete } = last;
  const run = describe(isComplete, { step: result.step, seconds: last.seconds });
  if (isFirst) writeRun(dir, run);
  if (isComplete) await watch?.measure(recipe.steps);
  reducer?.dispose();
  return run;
}

/** The run with these beginnings that has a checkpoint in the folder. */
function earlierRun(dir: string, init: string | undefined): PretrainRun | undefined {
  if (!hasCheckpoint(dir)) return undefined;
  const run = readRun(dir);
  return run.stage === "pretrain" && (run.init ?? undefined) === init ? run : undefined;
}

/** What a run begins with, in a few lines. */
function describeStart(
  { inputSize, encoder, steps, method, convolutions }: PretrainRecipe,
  anatomy: readonly Anatomy[],
  { images, views }: Batch,
  parameters: NamedParameters,
): string {
  const counts = [...Map.groupBy(anatomy, ({ kind }) => kind)].map(([kind, of]) => `${of.length} ${kind}`);
  const millions = parameters.reduce((sum, [, { numel }]) => sum + numel, 0) / 1e6;
  const epochs = (steps * images) / anatomy.length;
  const lines = [
    `images   ${anatomy.length}: ${counts.join(", ")}`,
    `network  ViT ${encoder.embedDim} x ${encoder.depth}, patches of ${encoder.patchSize} at ${inputSize} px; ${millions.toPrecision(3)} M parameters with heads`,
    `steps    ${steps} of ${images} images x ${views} ${views === 1 ? "view" : "views"}: ${epochs.toPrecision(3)} epochs`,
  ];
  if (convolutions.steps > 0) {
    lines.push(`then     ${convolutions.steps} steps of ${convolutions.batchSize} images: convolutions around it`);
  }
  if (method === "mim+acl" && anatomy.some(({ kind }) => kind === "picture")) {
    lines.push(
      "Of the pictures nobody says what they show: if they are X-rays, ingest them with --modality xray, so that places are compared in the thorax.",
    );
  }
  return lines.join("\n");
}

/** What of a recipe decides what is learned; the rest may change when a run is gone on with. */
function whatCounts(recipe: PretrainRecipe): object {
  const { checkpointEverySteps, checkpointEveryMinutes, picturesEveryEpochs, probeEveryEpochs, ...learned } = recipe;
  return learned;
}

type Losses = Omit<StepOutcome, "gradientNorm">;

/** Means over the microsteps. */
function meanOutcome(outcomes: readonly Losses[]): Losses {
  const mean = (of: (outcome: Losses) => Tensor) => stack(outcomes.map((outcome) => of(outcome).detach())).mean();
  const names = Object.keys(outcomes[0]!.parts);
  return {
    loss: mean(({ loss }) => loss),
    parts: Object.fromEntries(names.map((name) => [name, mean(({ parts }) => parts[name]!.to({ dtype: "float32" }))])),
  };
}

function writeWeights(dir: string, { encoder, projectionHead }: PretrainingObjective, hasLearned: boolean): void {
  if (projectionHead !== undefined && hasLearned) writeSafetensors(projectionPath(dir), stateDict(projectionHead));
  saveEncoder(encoderPath(dir), encoder);
}
