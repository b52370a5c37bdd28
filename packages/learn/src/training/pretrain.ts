/**
 * Pre-training: unlabelled images in, a ViT out.
 *
 * Method   one objective for each (see objectives/), all under this loop.
 * Budget   a step sees `batchSize` crops whatever the method: where a method needs two views, of half as many images.
 * Seeds    weights, order, crops and masks follow the recipe's seed; the same run twice on the CPU is bit-equal.
 * Errors   `ERR_RANKS` when images or batch cannot be shared, and those of stores, folders and checkpoints.
 */
import { MedsslError, type PretrainRecipe, type RunListener } from "@medssl/contract";
import { type Device, manualSeed, type Tensor, writeSafetensors } from "@medssl/torch";
import { anatomyOf } from "../data/anatomy.ts";
import { ImageSet, measureStatistics, type Selection } from "../data/image-set.ts";
import { sampledGroups, withoutBlanks } from "../data/pool.ts";
import { Sampler } from "../data/sampler.ts";
import { cutViews, type ViewOptions } from "../data/views.ts";
import { moveModule, namedParameters, stateDict } from "../nn/module.ts";
import { createObjective, type PretrainingObjective, viewsPerImage } from "../objectives/pretraining.ts";
import { ALONE, type Ranks } from "../objectives/ranks.ts";
import { AdamW, gradientClip } from "../optim/adamw.ts";
import { decayGroups } from "../optim/parameter-groups.ts";
import { WeightAverage } from "../optim/weight-average.ts";
import { resumeOrStart, type Trained, writeCheckpoint } from "./checkpoint.ts";
import { runSteps, type StepOutcome } from "./loop.ts";
import { precisionRunner } from "./precision.ts";
import { PretrainWatch } from "./pretrain-watch.ts";
import { encoderPath, finishedRun, type PretrainRun, projectionPath, writeRun } from "./run-directory.ts";
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
}

export async function pretrain(options: PretrainOptions): Promise<PretrainRun> {
  const { recipe, dir, device, isResumed, listen } = options;
  const ranks = ALONE;
  const stores = options.selections.map(({ store }) => store.dir);
  const done = finishedRun(dir, "pretrain", isResumed, { recipe, stores });
  if (done !== undefined) return done;
  const selections = withoutBlanks(options.selections, listen);
  const set = new ImageSet(selections);
  const batch = batchOf(recipe, set.count, ranks);
  if (set.count < batch.images) {
    const message = `${set.count} images for a batch of ${batch.images}: a step sees each about ${Math.round(batch.images / set.count)} times. More images, or a smaller batchSize, teach more.`;
    listen({ type: "note", level: "warning", message });
  }
  const statistics = measureStatistics(set);
  manualSeed(recipe.seed);
  const objective = moveModule(createObjective(recipe), device);
  const parameters = namedParameters(objective);
  const optimizer = new AdamW(decayGroups(parameters, recipe.weightDecay), { betas: [0.9, 0.95] });
  const average = recipe.emaDecay > 0 ? new WeightAverage(parameters, recipe.emaDecay) : undefined;
  const sampler = new Sampler(sampledGroups(selections, recipe.sampling, listen), recipe.seed);
  const identity = { stage: "pretrain", recipe, stores, images: set.count };
  const states = average === undefined ? [optimizer] : [optimizer, average];
  const trained: Trained = { parameters, states, sampler, device, identity };
  using _lock = lockRun(dir);
  const before = resumeOrStart(dir, trained, isResumed, listen);
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
  const viewOptions: ViewOptions = {
    inputSize: recipe.inputSize,
    viewsPerImage: batch.views,
    viewDistance: recipe.contrast.viewDistance,
    usesThorax: recipe.method === "mim+acl" && recipe.contrast.frame === "anatomy",
    augmentation: recipe.augmentation,
    statistics,
    device,
    share: ranks,
  };
  const anatomy = anatomyOf(selections);
  const inPrecision = precisionRunner(recipe.precision, device);
  const watch = new PretrainWatch({ ...options, objective, set, viewOptions, firstStep: before.step });

  const { isComplete, seconds } = await runSteps({
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
      const outcomes = Array.from({ length: recipe.accumulationSteps }, (_, part) => {
        const from = (part * ranks.of + ranks.index) * batch.share;
        const views = cutViews(set, anatomy, chosen.slice(from, from + batch.share), viewOptions);
        const outcome = inPrecision(() => objective.loss(views, step, ranks));
        outcome.loss.div(recipe.accumulationSteps).backward();
        return outcome;
      });
      const clip = gradientClip(optimizer.parameters, recipe.gradientClipNorm);
      optimizer.step(learningRate, clip);
      average?.update();
      return { ...meanOutcome(outcomes), gradientNorm: clip.norm };
    },
    checkpoint: (progress) => writeCheckpoint(dir, trained, progress, listen),
    watch: (line) => watch.afterStep(line),
  });
  if (isComplete) {
    average?.apply();
    await watch.end();
    writeWeights(dir, objective);
  }
  const run = describe(isComplete, seconds);
  writeRun(dir, run);
  return run;
}

interface Batch {
  readonly views: 1 | 2;
  /** Images of a step, over all processes and microsteps. */
  readonly images: number;
  /** Images of one process's microstep. */
  readonly share: number;
}

function batchOf({ method, batchSize, accumulationSteps }: PretrainRecipe, count: number, { of }: Ranks): Batch {
  const views = viewsPerImage(method);
  const images = Math.ceil(batchSize / views);
  const parts = of * accumulationSteps;
  if (count < of) {
    throw new MedsslError("ERR_RANKS", `${count} images cannot be shared by ${of} processes.`, {
      hint: `Start at most ${count} processes, or ingest more images.`,
    });
  }
  if (images % parts !== 0) {
    const text = `${of} processes x ${accumulationSteps} microsteps`;
    const nearest = Math.max(1, Math.round(images / parts)) * parts * views;
    throw new MedsslError("ERR_RANKS", `A batch of ${images} images cannot be shared evenly by ${text}.`, {
      hint: `Use --set batchSize=${nearest}.`,
    });
  }
  return { views, images, share: images / parts };
}

/** Means over the microsteps. */
function meanOutcome(outcomes: readonly Omit<StepOutcome, "gradientNorm">[]): Omit<StepOutcome, "gradientNorm"> {
  const [first, ...others] = outcomes;
  if (others.length === 0) return first!;
  const mean = (of: (outcome: Omit<StepOutcome, "gradientNorm">) => Tensor) =>
    outcomes
      .map((outcome) => of(outcome).detach())
      .reduce((a, b) => a.add(b))
      .div(outcomes.length);
  return {
    loss: mean(({ loss }) => loss),
    parts: Object.fromEntries(Object.keys(first!.parts).map((name) => [name, mean(({ parts }) => parts[name]!)])),
  };
}

function writeWeights(dir: string, { encoder, projectionHead }: PretrainingObjective): void {
  if (projectionHead !== undefined) writeSafetensors(projectionPath(dir), stateDict(projectionHead));
  writeSafetensors(encoderPath(dir), stateDict(encoder));
}
