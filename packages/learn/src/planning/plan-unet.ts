/**
 * The settings of a 2-D U-Net from a fingerprint of the labelled images, by nnU-Net's rules.
 *
 * Rules    as nnU-Net v2.8 (Isensee et al., Nature Methods 18, 2021): the patch is the image; it is halved while 4 pixels are
 *          left of it, two convolutions a stage, 32 channels doubling to 512; the batch is what fills 8 GB by the size of the feature
 *          maps; for CT the intensities of the structures, else each image's own; SGD at 0.01 falling by a polynomial, Dice +
 *          cross-entropy at all levels but the coarsest, a third of the patches on a structure.
 * Ours     differs on purpose in that
 *          - patches are square, as the network's input is everywhere here, and not padded beyond the stored image; a store that
 *            is not square is seen as a whole;
 *          - nothing is resampled to a median spacing: that was done, or not, when the images were stored;
 *          - the batch is never smaller than the recipe's. nnU-Net's rule that a batch is at most 5% of the set makes it 2 for few labels;
 *          - runs of fewer than 2,000 steps take AdamW: SGD with a momentum of 0.99 has hardly got going by then (nnU-Net takes 250,000);
 *          - images are mirrored, and turned by more than 15 degrees, where anatomy has no sides alone. nnU-Net does both always;
 *          - `compact`, for CPUs: a quarter of the channels, patches of at most 256, the recipe's batch.
 */
import type { FinetuneRecipe, UNetPlan } from "@medssl/contract";
import type { Fingerprint } from "./fingerprint.ts";

export type PlanBudget = "compact" | "full";

/** What a plan decides. Steps, seed, validation and semi-supervision stay the user's. */
export type PlannedFields = Pick<
  FinetuneRecipe,
  | "batchSize"
  | "inputSize"
  | "augmentation"
  | "foregroundShare"
  | "loss"
  | "optimizer"
  | "schedule"
  | "learningRate"
  | "weightDecay"
  | "warmupSteps"
  | "gradientClipNorm"
  | "inference"
  | "normalization"
> & { readonly unet: UNetPlan };

interface BudgetRule {
  readonly baseChannels: number;
  readonly maxChannels: number;
  readonly maxPatch: number;
}

const budgets: Readonly<Record<PlanBudget, BudgetRule>> = {
  full: { baseChannels: 32, maxChannels: 512, maxPatch: 2048 },
  compact: { baseChannels: 8, maxChannels: 128, maxPatch: 256 },
};

/** Side below which features are not halved again is twice this. */
const MIN_FEATURE_SIDE = 4;
const CONVS_PER_STAGE = 2;
/** Values of the feature maps of one image with which a batch of `REFERENCE_BATCH` fills 8 GB. */
const REFERENCE_VALUES = 85e6;
const REFERENCE_BATCH = 12;
const MIN_BATCH = 2;
/** Share of all labelled pixels that a batch may be. */
const MAX_SHARE_OF_SET = 0.05;
/** Share of the image that a patch may lose so that its stages divide it. */
const LARGEST_LOSS = 0.1;
/** Zoom of the augmentation, and of what fills the image already: that cannot be zoomed out of. */
const ZOOM = [0.7, 1.4] as const;
const WHOLE_IMAGE_AREA = 0.6;

/** From here on nnU-Net's optimizer. Its velocity remembers 100 steps: this is 20 times as long. */
const LONG_RUN_STEPS = 2000;

type Optimization = Pick<
  PlannedFields,
  "optimizer" | "schedule" | "learningRate" | "weightDecay" | "warmupSteps" | "gradientClipNorm"
>;

const longRun: Optimization = {
  optimizer: "sgd",
  schedule: "poly",
  learningRate: 1e-2,
  weightDecay: 3e-5,
  warmupSteps: 0,
  gradientClipNorm: 12,
};
const shortRun: Optimization = {
  optimizer: "adamw",
  schedule: "cosine",
  learningRate: 3e-3,
  weightDecay: 0.05,
  warmupSteps: 20,
  gradientClipNorm: 1,
};

export interface PlanOptions {
  readonly budget: PlanBudget;
  /** Where the plan leaves something as it is. */
  readonly recipe: FinetuneRecipe;
}

export function planUNet(fingerprint: Fingerprint, { budget, recipe }: PlanOptions): PlannedFields {
  const { baseChannels, maxChannels, maxPatch } = budgets[budget];
  const numClasses = fingerprint.structures.length;
  const stored = Math.min(fingerprint.height, fingerprint.width);
  const shapeOf = (side: number) => {
    const { patch, halvings } = patchWithin(side);
    const channels = Array.from({ length: halvings + 1 }, (_, i) => Math.min(maxChannels, baseChannels * 2 ** i));
    return { patch, channels, values: featureMapValues(patch, channels, numClasses) };
  };
  let shape = shapeOf(Math.min(stored, maxPatch));
  while ((shape.values / REFERENCE_BATCH) * MIN_BATCH > REFERENCE_VALUES) shape = shapeOf(shape.patch - 1);
  const { patch, channels } = shape;
  const hasSides = fingerprint.kind !== "fundus";
  // Of a store that is not square the network sees the whole image, squashed: a square tile would show other proportions than crops.
  const isSquare = fingerprint.height === fingerprint.width;
  const area = isSquare ? (patch / stored) ** 2 : 1;
  const isWhole = area > WHOLE_IMAGE_AREA;
  return {
    unet: {
      channels,
      strides: channels.map((_, i) => (i === 0 ? 1 : 2)),
      convsPerStage: CONVS_PER_STAGE,
      upsampling: "transposed",
    },
    inputSize: patch,
    batchSize: budget === "compact" ? recipe.batchSize : Math.max(recipe.batchSize, nnUNetBatch(fingerprint, shape)),
    normalization: fingerprint.kind === "ct" ? "foreground" : "image",
    ...(recipe.steps < LONG_RUN_STEPS ? shortRun : longRun),
    loss: { ...recipe.loss, crossEntropy: 1, dice: 1, deepSupervision: 0.5 },
    foregroundShare: 0.33,
    augmentation: {
      ...recipe.augmentation,
      areaMin: isWhole ? WHOLE_IMAGE_AREA : area / ZOOM[1] ** 2,
      areaMax: isWhole ? 1 : Math.min(1, area / ZOOM[0] ** 2),
      aspect: 1,
      rotation: hasSides ? Math.PI / 12 : Math.PI,
      flip: !hasSides,
      noise: 0.03,
      blur: 1,
      gamma: 0.35,
      contrast: 0.25,
      brightness: 0.1,
    },
    inference: {
      ...recipe.inference,
      mode: isSquare ? "tiles" : "whole",
      tileOverlap: 0.5,
      flips: hasSides ? "none" : "both",
      // Without patients to try it on, what six masks suggest can take all that was found away.
      postProcessing: recipe.validation.fraction > 0 ? "learned" : recipe.inference.postProcessing,
    },
  };
}

/** The largest square not larger than `side` whose stages divide it, and how often it is halved. */
function patchWithin(side: number): { patch: number; halvings: number } {
  let halvings = 0;
  for (let left = side; left >= 2 * MIN_FEATURE_SIDE; left = Math.ceil(left / 2)) halvings++;
  const fitted = (count: number) => Math.floor(side / 2 ** count) * 2 ** count;
  while (fitted(halvings) < (1 - LARGEST_LOSS) * side) halvings--;
  return { patch: fitted(halvings), halvings };
}

/** Values that the convolutions of one image leave: what memory goes by. */
function featureMapValues(patch: number, channels: readonly number[], numClasses: number): number {
  const pixels = (stage: number) => (patch / 2 ** stage) ** 2;
  const down = channels.reduce((sum, width, i) => sum + CONVS_PER_STAGE * width * pixels(i), 0);
  const up = channels.slice(0, -1).reduce((sum, width, i) => sum + (CONVS_PER_STAGE + 1) * width * pixels(i), 0);
  return down + up + (numClasses + 1) * pixels(0);
}

function nnUNetBatch({ images, height, width }: Fingerprint, { patch, values }: { patch: number; values: number }) {
  const fitting = Math.round((REFERENCE_VALUES / values) * REFERENCE_BATCH);
  const ofSet = Math.round((MAX_SHARE_OF_SET * images * height * width) / patch ** 2);
  return Math.max(MIN_BATCH, Math.min(fitting, ofSet));
}

/** The plan in a line. */
export function planText({ unet, inputSize, batchSize, normalization }: PlannedFields, budget: PlanBudget): string {
  const { channels } = unet;
  return (
    `planned U-Net (${budget}): ${channels.length} stages of ${channels.join(", ")} channels, ` +
    `patches of ${inputSize}x${inputSize}, batch ${batchSize}, normalised by ${normalization}`
  );
}
