/**
 * The second part of a pre-training, where the recipe asks for it: the hybrid's convolutions around the ViT of the first.
 *
 *     RUN/hybrid.safetensors   what comes out: the whole hybrid, but for the layer that painted
 *     RUN/convolutions/        its metrics, and while it runs its checkpoint
 *
 * ViT      a copy of the run's: `encoder.safetensors` is what it would be without this part.
 * Seeds    its own generators, order and crops: seeded again, so that resuming is bit-equal here too.
 * Ranks    as in the first part.
 */
import { rmSync } from "node:fs";
import type { PretrainRecipe } from "@medssl/contract";
import { GradientReducer, manualSeed, scope, type Tensor, writeSafetensors } from "@medssl/torch";
import type { Anatomy } from "../data/anatomy.ts";
import type { ImageSet } from "../data/image-set.ts";
import { type SampledGroup, Sampler } from "../data/sampler.ts";
import { cutViews, type ViewOptions } from "../data/views.ts";
import { vitMetadata } from "../models/find-vit.ts";
import type { HybridUNet } from "../models/hybrid-unet.ts";
import { ViT } from "../models/vit.ts";
import { loadStateDict, moveModule, namedParameters, stateDict } from "../nn/module.ts";
import { hybridReconstructionLoss, paintingHybrid } from "../objectives/hybrid-reconstruction.ts";
import { drawKeepIndices } from "../objectives/masking.ts";
import type { Ranks } from "../objectives/ranks.ts";
import { AdamW, gradientClip } from "../optim/adamw.ts";
import { decayGroups } from "../optim/parameter-groups.ts";
import { requireSameStart } from "./agreement.ts";
import { type Batch, batchOf } from "./batch.ts";
import { resumeOrStart, type Trained, writeCheckpoint } from "./checkpoint.ts";
import { type LoopResult, runSteps } from "./loop.ts";
import { precisionRunner } from "./precision.ts";
import type { PretrainOptions } from "./pretrain.ts";
import { checkpointPath, convolutionsDir, hybridPath } from "./run-directory.ts";

export interface ConvolutionPhase {
  /** Of the whole run. */
  readonly options: PretrainOptions;
  /** Finished; it stays as it is. */
  readonly encoder: ViT;
  readonly set: ImageSet;
  readonly anatomy: readonly Anatomy[];
  readonly groups: readonly SampledGroup[];
  readonly viewOptions: ViewOptions;
  readonly ranks: Ranks;
  /** What must be equal for resuming to make sense. */
  readonly identity: object;
  /** Spent on the first part. */
  readonly secondsBefore: number;
}

export async function pretrainConvolutions(phase: ConvolutionPhase): Promise<LoopResult> {
  const { options, encoder, set, anatomy, ranks } = phase;
  const { recipe, device, group, listen } = options;
  const { steps, maskRatio, learningRate, encoderLearningRateScale: scale } = recipe.convolutions;
  const dir = convolutionsDir(options.dir);
  const isFirst = ranks.index === 0;
  const batch = convolutionsBatch(recipe, set.count, ranks.of);
  manualSeed(recipe.seed);
  const network = moveModule(copyIntoHybrid(encoder), device);
  // The hybrid does not use the ViT's final norm.
  const parameters = namedParameters(network).filter(([name]) => !name.startsWith("encoder.norm."));
  const [vit, own] = [parameters.filter(isOfViT), parameters.filter((parameter) => !isOfViT(parameter))];
  const { weightDecay } = recipe;
  const optimizer = new AdamW([...decayGroups(own, weightDecay), ...decayGroups(vit, weightDecay, scale)], {
    betas: [0.9, 0.95],
  });
  const reducer = group && new GradientReducer(optimizer.parameters, group);
  manualSeed(recipe.seed);
  const sampler = new Sampler(phase.groups, recipe.seed);
  const identity = { ...phase.identity, part: "convolutions" };
  const trained: Trained = { parameters, states: [optimizer], samplers: [sampler], device, identity };
  const before = resumeOrStart(dir, trained, { isResumed: options.isResumed, writes: isFirst, listen });
  requireSameStart(before.step, group);
  const views: ViewOptions = { ...phase.viewOptions, viewsPerImage: 1, usesThorax: false };
  const masking = { ...recipe, maskRatio };
  const varianceFloor = recipe.normalizePixelTargets ? recipe.targetVarianceFloor : undefined;
  const inPrecision = precisionRunner(recipe.precision, device);
  try {
    const result = await runSteps({
      ...options,
      name: `${options.name}, convolutions`,
      dir,
      ranks,
      firstStep: before.step,
      secondsBefore: Math.max(before.seconds, phase.secondsBefore),
      schedule: {
        peak: learningRate,
        totalSteps: steps,
        warmupSteps: Math.round(Math.max(recipe.warmupFraction, SHORTEST_WARMUP) * steps),
      },
      imagesPerStep: batch.images,
      imagesPerEpoch: set.count,
      checkpointEverySteps: recipe.checkpointEverySteps,
      checkpointEveryMinutes: recipe.checkpointEveryMinutes,
      takeStep(_step, rate) {
        const chosen = sampler.next(batch.images);
        const from = ranks.index * batch.share;
        const mim = scope(() => {
          const { images, draws } = cutViews(set, anatomy, chosen.slice(from, from + batch.share), views);
          const keepIndices = drawKeepIndices(draws, encoder.gridSize, masking);
          const loss = inPrecision(() => hybridReconstructionLoss(network, images, { keepIndices, varianceFloor }));
          if (reducer === undefined) loss.backward();
          else reducer.backward(loss, { isReduced: true });
          return loss;
        });
        const clip = gradientClip(optimizer.parameters, recipe.gradientClipNorm);
        optimizer.step(rate, clip);
        return { loss: mim, gradientNorm: clip.norm, parts: {} };
      },
      checkpoint(progress) {
        group?.check();
        writeCheckpoint(dir, trained, progress, listen);
      },
    });
    if (result.isComplete && isFirst) {
      writeSafetensors(hybridPath(options.dir), keptTensors(network), vitMetadata(network.encoder));
      for (const which of ["next", "last", "previous"] as const) rmSync(checkpointPath(dir, which), { force: true });
    }
    return result;
  } finally {
    reducer?.dispose();
    for (const [, tensor] of [...stateDict(network), ...optimizer.stateTensors()]) tensor.dispose();
  }
}

/** One view of each image. @throws {MedsslError} `ERR_RANKS` */
export function convolutionsBatch({ convolutions }: PretrainRecipe, count: number, of: number): Batch {
  const { batchSize } = convolutions;
  return batchOf({ method: "mim", batchSize, accumulationSteps: 1 }, count, of, "convolutions.batchSize");
}

/** New layers beside a trained ViT want a slow start, however short this part is. */
const SHORTEST_WARMUP = 0.1;

const isOfViT = ([name]: readonly [string, Tensor]): boolean => name.startsWith("encoder.");

function copyIntoHybrid(encoder: ViT): HybridUNet {
  const copy = new ViT(encoder.options);
  loadStateDict(copy, new Map(stateDict(encoder)));
  return paintingHybrid(copy);
}

/** All but the layer that painted: what is segmented is for the labels to say. */
const keptTensors = (network: HybridUNet): [string, Tensor][] =>
  stateDict(network).filter(([name]) => !name.startsWith("conv_decoder.out."));
