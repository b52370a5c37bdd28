/**
 * The few-shot probe: how well the encoder that is being trained would segment after a short fine-tuning on a few labelled
 * patients. The one monitor that foretells fine-tuning; losses, neighbours and linear probes do not for masked models.
 *
 * Method     a copy of the encoder gets the light head and a few dozen steps on K patients, otherwise as `medssl finetune`
 *            does it; Dice on others, at the stored size. Mean over several draws of the K: a single draw is a lottery.
 * Compare    numbers of one run with each other, by step. Draws, crops and the head's first weights are the same every time.
 *            The Dice is lower than what full fine-tuning reaches, and differs more (docs/watching.md has both).
 * Untouched  the run goes on to the bit as if there had been no probe: the generators are put back, the encoder is only
 *            read, and all that was made is released.
 * Cost       told with every result: 19 s of processor time for the `tiny` encoder at the defaults. Nothing else may train in
 *            this process meanwhile.
 * Errors     when it is made, before anything is trained: `ERR_PROBE_PATIENTS` with too few patients, `ERR_PROBE_MASKS`
 *            without masks, and those of `ImageSet`.
 */
import { setImmediate } from "node:timers/promises";
import { type FinetuneRecipe, finetuneSchema, MedsslError, parseRecipe } from "@medssl/contract";
import { type Case, Random } from "@medssl/datasets";
import { type Device, manualSeed, saveGenerators, scope } from "@medssl/torch";
import type { Statistics } from "../augment/intensity.ts";
import { ImageSet, type Selection } from "../data/image-set.ts";
import { type LabelRoles, labelRoles } from "../data/label-roles.ts";
import { cutLabeledCrops } from "../data/labeled-crops.ts";
import { Sampler } from "../data/sampler.ts";
import { meanDice } from "../evaluation/mean-dice.ts";
import { ViT } from "../models/vit.ts";
import { ViTSegmenter } from "../models/vit-segmenter.ts";
import { loadStateDict, moveModule, stateDict } from "../nn/module.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { gradientClip } from "../optim/adamw.ts";
import { learningRateAt } from "../optim/schedule.ts";
import { precisionRunner } from "../training/precision.ts";
import { peakLearningRate, segmenterOptimizer } from "../training/segmenter-optimizer.ts";

export interface FewShotProbeOptions {
  /** Labelled images; cases without a mask are left out. */
  readonly selections: readonly Selection[];
  /** Those of the run, with which its images are standardised. */
  readonly statistics: Statistics;
  /** Side of the square that the encoder sees, in pixels. */
  readonly inputSize: number;
  readonly device: Device;
  /** @default 0 */
  readonly seed?: number;
  /** Patients to learn from. @default 5 */
  readonly patients?: number;
  /** @default 2 */
  readonly draws?: number;
  /** Of fine-tuning, in each draw. @default 60 */
  readonly steps?: number;
  /** Images that are measured on in each draw, at most. @default 48 */
  readonly measured?: number;
}

export interface ProbeResult {
  /** Mean over the draws, 0-1. */
  readonly dice: number;
  /** Of each draw. */
  readonly draws: readonly number[];
  readonly seconds: number;
}

interface Draw extends LabelRoles {
  readonly learned: ImageSet;
  readonly measured: ImageSet;
}

export class FewShotProbe {
  readonly #options: FewShotProbeOptions;
  readonly #seed: number;
  readonly #recipe: FinetuneRecipe;
  readonly #draws: readonly Draw[];

  constructor(options: FewShotProbeOptions) {
    const { inputSize, seed = 0, steps = 60, draws = 2 } = options;
    this.#options = options;
    this.#seed = seed;
    this.#recipe = parseRecipe(finetuneSchema, { head: "vit", steps, inputSize, seed });
    this.#draws = Array.from({ length: draws }, (_, draw) => drawPatients(options, new Random(seed, draw)));
  }

  /**
   * @param encoder What is being trained, between two steps. It is not changed.
   * @returns undefined when the signal came first.
   */
  async measure(encoder: ViT, signal?: AbortSignal): Promise<ProbeResult | undefined> {
    const startMs = performance.now();
    const restore = saveGenerators(this.#options.device);
    try {
      const dices: number[] = [];
      for (const draw of this.#draws) {
        const dice = await this.#fineTune(encoder, draw, signal);
        if (dice === undefined) return undefined;
        dices.push(dice);
      }
      const mean = dices.reduce((sum, dice) => sum + dice, 0) / dices.length;
      return { dice: mean, draws: dices, seconds: (performance.now() - startMs) / 1000 };
    } finally {
      restore();
    }
  }

  async #fineTune(
    source: ViT,
    { classes, ignoredValue, learned, measured }: Draw,
    signal?: AbortSignal,
  ): Promise<number | undefined> {
    const { device, statistics } = this.#options;
    const { steps, inputSize, batchSize, warmupSteps, gradientClipNorm, augmentation, precision } = this.#recipe;
    manualSeed(this.#seed);
    const encoder = new ViT(source.options);
    loadStateDict(encoder, new Map(stateDict(source)));
    const network = moveModule(new ViTSegmenter(encoder, { numClasses: classes.length }), device);
    const optimizer = segmenterOptimizer(
      network,
      { ...this.#recipe, encoder: { ...this.#recipe.encoder, depth: source.options.depth } },
      {},
    );
    try {
      const sampler = new Sampler(learned.count, this.#seed);
      const inPrecision = precisionRunner(precision, device);
      const schedule = { peak: peakLearningRate(this.#recipe), totalSteps: steps, warmupSteps };
      for (let step = 0; step < steps; step++) {
        scope(() => {
          const manner = { inputSize, augmentation, statistics, device, ignoredValue };
          const crops = cutLabeledCrops(learned, sampler.next(batchSize), manner);
          inPrecision(() => segmentationLoss(network.forward(crops.images), crops.labels)).loss.backward();
          const clip = gradientClip(optimizer.parameters, gradientClipNorm);
          optimizer.step(learningRateAt(step, schedule), clip);
        });
        await setImmediate();
        if (signal?.aborted) return undefined;
      }
      const manner = {
        inputSize,
        inference: this.#recipe.inference,
        statistics,
        labels: classes,
        ignoredValue,
        device,
      };
      return await meanDice(network, measured, manner);
    } finally {
      for (const [, tensor] of [...stateDict(network), ...optimizer.stateTensors()]) tensor.dispose();
    }
  }
}

/** K patients to learn from, images of others to measure on. */
function drawPatients({ selections, patients: wanted = 5, measured = 48 }: FewShotProbeOptions, random: Random): Draw {
  if (!selections.some(({ cases }) => cases.some(({ hasMask }) => hasMask))) {
    const names = selections.map(({ store }) => store.dir).join(", ");
    throw new MedsslError("ERR_PROBE_MASKS", `The few-shot probe needs images with masks; ${names} has none.`, {
      hint: "Give --probe a store that was ingested with its masks.",
    });
  }
  const all = choose(selections, ({ hasMask }) => hasMask);
  const patients = random.shuffle([...new Set(all.cases.map(({ patient }) => patient))].sort());
  if (patients.length <= wanted) {
    const names = selections.map(({ store }) => store.dir).join(", ");
    throw new MedsslError(
      "ERR_PROBE_PATIENTS",
      `The few-shot probe learns from ${wanted} patients and measures on others; ${names} has ${patients.length} with masks.`,
      { hint: "Give a store of more patients, or let it learn from fewer." },
    );
  }
  const learned = new Set(patients.slice(0, wanted));
  const others = all.cases.filter(({ patient }) => !learned.has(patient));
  const looked = new Set(random.shuffle([...others]).slice(0, measured));
  return {
    ...labelRoles(all.labels),
    learned: choose(selections, ({ hasMask, patient }) => hasMask && learned.has(patient)),
    measured: choose(selections, (one) => looked.has(one)),
  };
}

const choose = (selections: readonly Selection[], isChosen: (one: Case) => boolean): ImageSet =>
  new ImageSet(selections.map(({ store, cases }) => ({ store, cases: cases.filter(isChosen) })));
