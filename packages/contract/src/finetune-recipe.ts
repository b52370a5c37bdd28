/** Every setting of fine-tuning, with its unit, default and reason. */
import { z } from "zod";
import {
  amount,
  areaInOrder,
  areaOutOfOrder,
  count,
  fraction,
  precision,
  viewAugmentation,
  vitSchema,
} from "./recipe-parts.ts";

const cropAugmentation = viewAugmentation(0.6, [0.4, 0.4, 0.2]).extend({
  rotation: amount("Largest rotation, in radians.").default(0.2),
  flip: z
    .boolean()
    .describe("Mirrors left and right at random; only where anatomy has no sides, as in a retina.")
    .default(false),
  elastic: amount(
    "Smooth random displacements of up to this share of the crop's side; 0.03 bends organs as breathing does.",
  )
    .max(0.2)
    .default(0),
  noise: amount("Gaussian noise of a standard deviation of up to this, on grey values of 0-1.").default(0),
  blur: amount("Gaussian blur of up to this standard deviation, in pixels of the input.").max(8).default(0),
});

const lossTerms = z
  .strictObject({
    crossEntropy: amount("Weight of the cross-entropy.").default(1),
    dice: amount("Weight of 1 - soft Dice, over the whole batch.").default(1),
    clDice: amount(
      "Weight of 1 - soft clDice, the overlap of each mask with the other's centre line; for vessels.",
    ).default(0),
    clDiceIterations: count(
      "Rounds of thinning for soft clDice: at least the largest vessel's radius, in pixels.",
    ).default(10),
    classBalance: z
      .enum(["none", "frequency"])
      .describe(
        "Whether the cross-entropy of a class is weighted by the inverse root of its share of the labelled pixels.",
      )
      .default("none"),
    deepSupervision: amount(
      "Weight of the loss at each coarser level of the decoder, in that of the next finer one; 0: the finest alone. Of U-Nets and hybrids.",
    )
      .max(1)
      .default(0),
  })
  .prefault({});

const unetPlan = z.strictObject({
  channels: z.array(z.int().min(1).max(2048)).min(2).max(10).describe("Channels of each stage, finest first."),
  strides: z
    .array(z.int().min(1).max(4))
    .describe("By how much each stage shrinks what it is given; the first one's is 1."),
  convsPerStage: count("Convolutions of each stage, on the way down and on the way up."),
  upsampling: z
    .enum(["transposed", "bilinear"])
    .describe("How coarse features become finer: by a transposed convolution as in nnU-Net, or bilinearly.")
    .default("transposed"),
});

export const segmentationHeads = ["hybrid", "vit", "pyramid", "upernet", "linear", "unet", "auto-unet"] as const;

export const finetuneSchema = z.strictObject({
  head: z
    .enum(segmentationHeads)
    .describe(
      "`hybrid`: the ViT inside a U-Net; `vit`: the ViT with a light convolutional decoder; `pyramid`: a simple feature pyramid with a convolutional stem; " +
        "`upernet`; `linear`: a linear probe; `unet`: a small U-Net; `auto-unet`: a U-Net that plans itself by nnU-Net's rules.",
    )
    .default("hybrid"),
  steps: count("Optimiser updates.").default(200),
  batchSize: count("Crops in a step.").default(8),
  seed: z.int().min(0).describe("Seed of new weights, order and crops.").default(0),
  inputSize: count("Side of the square that the network sees, in pixels.").default(128),
  contextSlices: z
    .int()
    .min(0)
    .max(8)
    .describe("Slices of a volume that the network sees on each side of the one it segments, as channels (2.5-D).")
    .default(0),
  encoder: vitSchema.describe("The ViT to start from scratch with; a pre-trained run brings its own."),
  unet: unetPlan
    .refine(({ channels, strides }) => channels.length === strides.length && strides[0] === 1, {
      message: "expected a stride for each stage, the first of them 1",
    })
    .nullable()
    .describe(
      "Shape of `auto-unet`. null: planned from the labelled images, together with all else that nnU-Net plans; `medssl plan` shows it.",
    )
    .default(null),
  planBudget: z
    .enum(["device", "compact", "full"])
    .describe(
      "What `auto-unet` is planned for. `full`: a GPU, as nnU-Net for 8 GB; `compact`: a CPU, a quarter of the channels, the recipe's own batch; `device`: by where it runs.",
    )
    .default("device"),
  normalization: z
    .enum(["dataset", "image", "foreground"])
    .describe(
      "Mean and deviation that grey values are brought to 0 and 1 by: those of all training images; each image's own; or, for CT, those of the labelled structures, limited to their 0.5th and 99.5th percentile. A pre-trained encoder brings the numbers that it was trained with.",
    )
    .default("dataset"),
  augmentation: cropAugmentation.refine(areaInOrder, areaOutOfOrder).prefault({}),
  foregroundShare: fraction(
    "Share of the crops that are centred on a labelled structure, its class drawn evenly: for what is small.",
  ).default(0),
  loss: lossTerms,
  optimizer: z
    .enum(["adamw", "sgd"])
    .describe("AdamW, or stochastic gradient descent with Nesterov's momentum of 0.99 as in nnU-Net.")
    .default("adamw"),
  schedule: z
    .enum(["cosine", "poly"])
    .describe("How the learning rate falls to zero: half a cosine, or (1 - progress)^0.9 as in nnU-Net.")
    .default("cosine"),
  learningRate: z
    .number()
    .positive()
    .nullable()
    .describe(
      "Peak learning rate of what is not ViT; null takes the head's own: hybrid and unet 3e-3, linear 1e-2, others 2e-3.",
    )
    .default(null),
  encoderLearningRateScale: z
    .number()
    .positive()
    .describe("The ViT's learning rate, in that of the rest.")
    .default(0.5),
  convLearningRateScale: z
    .number()
    .positive()
    .describe("The learning rate of convolutions that were pre-trained with the ViT, in that of what is new.")
    .default(1),
  layerDecay: fraction("Each block below the top learns this much slower, when the ViT is pre-trained.").default(0.8),
  frozenSteps: z
    .int()
    .min(0)
    .describe("Steps at the beginning in which a pre-trained ViT stays as it is; as many as `steps`: throughout.")
    .default(0),
  dropPathRate: fraction(
    "Share of the samples that skip the ViT's last block in training; less for those below.",
  ).default(0),
  emaDecay: fraction(
    "The network that is kept is the running mean of the weights with this decay a step; 0: the last weights.",
  )
    .lt(1)
    .default(0),
  weightDecay: amount("Weight decay; not applied to one-dimensional parameters.").default(0.05),
  warmupSteps: z.int().min(0).describe("Steps in which the learning rate rises.").default(20),
  gradientClipNorm: z.number().positive().describe("Longest gradient, by its norm over all parameters.").default(1),
  validation: z
    .strictObject({
      fraction: fraction(
        "Share of the labelled patients that are kept for choosing the best weights and the post-processing; rounded down, so few patients give none.",
      )
        .max(0.5)
        .default(0),
      everySteps: count("Steps between measurements.").default(50),
      patience: count("Measurements without a better Dice after which training stops.").default(5),
    })
    .prefault({}),
  semi: z
    .strictObject({
      weight: amount(
        "Weight of consistency on unlabelled images: the label that the running mean of the network is sure of on a plain view is the truth of a strongly changed one.",
      ).default(0),
      batchSize: count("Unlabelled crops in a step.").default(8),
      confidence: fraction("Pixels below this probability are left out.").default(0.9),
      startStep: z
        .int()
        .min(0)
        .describe("Step at which it begins; the weight then rises over as many steps.")
        .default(50),
    })
    .prefault({})
    .describe("Semi-supervised fine-tuning."),
  inference: z
    .strictObject({
      mode: z
        .enum(["whole", "tiles"])
        .describe(
          "How a picture is segmented: as a whole at the input size, or in overlapping tiles at its stored size.",
        )
        .default("whole"),
      tileOverlap: z
        .number()
        .min(0)
        .max(0.9)
        .describe("Share of a tile's side that its neighbour covers as well.")
        .default(0.5),
      flips: z
        .enum(["none", "horizontal", "both"])
        .describe("Mirrored views that are averaged; only where anatomy has no sides.")
        .default("none"),
      postProcessing: z
        .enum(["none", "learned"])
        .describe(
          "`learned`: largest component, hole filling and smallest size as the labelled masks have them, kept where they do not lower the Dice on validation patients.",
        )
        .default("none"),
    })
    .prefault({}),
  checkpointEveryMinutes: z.number().positive().describe("Minutes between checkpoints.").default(2),
  precision,
});

export type FinetuneRecipe = z.infer<typeof finetuneSchema>;
/** A U-Net's shape as data. */
export type UNetPlan = z.infer<typeof unetPlan>;
/** Of crops that are turned and mirrored too. */
export type CropAugmentation = FinetuneRecipe["augmentation"];
export type SegmentationHead = FinetuneRecipe["head"];
export type LossTerms = FinetuneRecipe["loss"];
export type InferenceOptions = FinetuneRecipe["inference"];
