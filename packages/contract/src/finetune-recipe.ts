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
});

export const finetuneSchema = z.strictObject({
  head: z
    .enum(["hybrid", "vit", "unet"])
    .describe("`hybrid`: the ViT inside a U-Net; `vit`: the ViT with a convolutional decoder; `unet`: no ViT at all.")
    .default("hybrid"),
  steps: count("Optimiser updates.").default(200),
  batchSize: count("Crops in a step.").default(8),
  seed: z.int().min(0).describe("Seed of new weights, order and crops.").default(0),
  inputSize: count("Side of the square that the network sees, in pixels.").default(128),
  encoder: vitSchema.describe("The ViT to start from scratch with; a pre-trained run brings its own."),
  augmentation: cropAugmentation.refine(areaInOrder, areaOutOfOrder).prefault({}),
  learningRate: z
    .number()
    .positive()
    .nullable()
    .describe("Peak learning rate of what is not ViT; null takes the head's own: hybrid and unet 3e-3, vit 2e-3.")
    .default(null),
  encoderLearningRateScale: z
    .number()
    .positive()
    .describe("The ViT's learning rate, in that of the rest.")
    .default(0.5),
  layerDecay: fraction("Each block below the top learns this much slower, when the ViT is pre-trained.").default(0.8),
  weightDecay: amount("Weight decay; not applied to one-dimensional parameters.").default(0.05),
  warmupSteps: z.int().min(0).describe("Steps in which the learning rate rises.").default(20),
  gradientClipNorm: z.number().positive().describe("Longest gradient, by its norm over all parameters.").default(1),
  inference: z
    .enum(["whole", "tiles"])
    .describe("How a picture is segmented: as a whole at the input size, or in overlapping tiles at its stored size.")
    .default("whole"),
  checkpointEveryMinutes: z.number().positive().describe("Minutes between checkpoints.").default(2),
  precision,
});

export type FinetuneRecipe = z.infer<typeof finetuneSchema>;
/** Of crops that are turned and mirrored too. */
export type CropAugmentation = FinetuneRecipe["augmentation"];
