/**
 * Recipes: every setting of pre-training and fine-tuning, with its unit, default and reason.
 *
 * One schema is the source of the recipe files, of `--set path=value` and of what a run writes down. It is checked once,
 * at the door.
 */
import { z } from "zod";
import { MedsslError } from "./errors.ts";

const fraction = (text: string) => z.number().min(0).max(1).describe(text);
const count = (text: string) => z.int().min(1).describe(text);
const amount = (text: string) => z.number().min(0).describe(text);

const viewAugmentation = (areaMin: number, [gamma, contrast, brightness]: readonly [number, number, number]) =>
  z.strictObject({
    areaMin: fraction("Smallest share of the image's area that a crop shows; at most areaMax.").default(areaMin),
    areaMax: fraction("Largest share of the image's area that a crop shows.").default(1),
    aspect: z.number().min(1).describe("Largest ratio of a crop's sides.").default(1.15),
    gamma: amount("Grey values are raised to exp(u), u uniform within +- this.").default(gamma),
    contrast: amount("Contrast is multiplied by 1 + u.").default(contrast),
    brightness: amount("u is added to grey values of 0-1.").default(brightness),
  });

const cropAugmentation = viewAugmentation(0.6, [0.4, 0.4, 0.2]).extend({
  rotation: amount("Largest rotation, in radians.").default(0.2),
  flip: z
    .boolean()
    .describe("Mirrors left and right at random; only where anatomy has no sides, as in a retina.")
    .default(false),
});

const areaInOrder = ({ areaMin, areaMax }: { areaMin: number; areaMax: number }) => areaMin <= areaMax;
const areaOutOfOrder = { path: ["areaMin"], error: "expected at most areaMax" };

const precision = z
  .enum(["auto", "float32", "bfloat16"])
  .describe("`auto` takes bfloat16 only where the device gains by it (CUDA, AMX).")
  .default("auto");

export const vitSchema = z
  .strictObject({
    patchSize: count("Side of a patch, in pixels of the input.").default(16),
    embedDim: count("Width of a token.").default(192),
    depth: count("Number of transformer blocks.").default(6),
    numHeads: count("Attention heads; they share the width.").default(3),
    mlpRatio: z.number().positive().describe("Width of a block's hidden layer, in token widths.").default(4),
    positions: z
      .enum(["sincos", "learned"])
      .describe("Position embedding: fixed 2-D sine-cosine, or learnt.")
      .default("sincos"),
    hasClassToken: z.boolean().describe("Whether a class token goes along with the patches.").default(false),
    numRegisters: z.int().min(0).describe("Register tokens that go along with the patches.").default(0),
    hasLayerScale: z.boolean().describe("Whether learnt factors scale the blocks' branches.").default(false),
  })
  .prefault({});

export const pretrainSchema = z.strictObject({
  method: z
    .enum(["mim", "mim+acl"])
    .describe("Masked image modelling alone, or with anatomical contrast.")
    .default("mim+acl"),
  steps: count("Optimiser updates.").default(700),
  batchSize: count("Crops in a step; with anatomical contrast they are two views of half as many images.").default(128),
  seed: z.int().min(0).describe("Seed of weights, order, crops and masks.").default(0),
  inputSize: count("Side of the square that the network sees, in pixels.").default(128),
  encoder: vitSchema,
  decoder: z
    .strictObject({
      embedDim: count("Width of the decoder's tokens.").default(128),
      depth: count("Number of the decoder's blocks.").default(2),
      numHeads: count("Attention heads of the decoder.").default(4),
    })
    .prefault({}),
  maskRatio: fraction("Share of the patches that is removed.").default(0.75),
  targetVarianceFloor: amount(
    "Added to a patch's variance (in standardised units) before its pixels are normalised: empty borders would otherwise be blown-up noise.",
  ).default(1e-3),
  contrast: z
    .strictObject({
      weight: amount("Weight of the contrastive loss beside the reconstruction's.").default(0.1),
      warmupSteps: z.int().min(0).describe("Steps over which that weight rises from 0.").default(100),
      viewDistance: fraction(
        "How far apart the centres of an image's two views may lie, in image sides; small where crops are small.",
      ).default(1),
      temperature: z.number().positive().describe("Divides the cosine similarities.").default(0.2),
      embedDim: count("Width of the contrasted embedding.").default(64),
      ignoreRadius: amount("Tokens of the same image nearer than this are no negatives, in patches.").default(2),
      otherImageDistance: amount(
        "Tokens of other images nearer than this are no negatives, in image sides: they may show the same anatomy.",
      ).default(0.3),
    })
    .prefault({}),
  augmentation: viewAugmentation(0.35, [0.25, 0.25, 0.15]).refine(areaInOrder, areaOutOfOrder).prefault({}),
  learningRate: z.number().positive().describe("Peak learning rate of AdamW.").default(1e-3),
  weightDecay: amount("Weight decay; not applied to one-dimensional parameters.").default(0.05),
  warmupFraction: fraction("Share of the steps in which the learning rate rises.").default(0.05),
  gradientClipNorm: z.number().positive().describe("Longest gradient, by its norm over all parameters.").default(1),
  checkpointEveryMinutes: z.number().positive().describe("Minutes between checkpoints.").default(2),
  precision,
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

export type ViTConfig = z.infer<typeof vitSchema>;
export type PretrainRecipe = z.infer<typeof pretrainSchema>;
export type FinetuneRecipe = z.infer<typeof finetuneSchema>;
/** Of upright crops: places in the image are what pre-training learns from. */
export type ViewAugmentation = PretrainRecipe["augmentation"];
/** Of crops that are turned and mirrored too. */
export type CropAugmentation = FinetuneRecipe["augmentation"];
export type Precision = PretrainRecipe["precision"];

/**
 * Checks a recipe's settings.
 *
 * @throws {MedsslError} `ERR_RECIPE` naming each wrong field, what it should be and what it was.
 */
export function parseRecipe<Schema extends z.ZodType>(schema: Schema, settings: unknown): z.infer<Schema> {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `${issue.path.join(".") || "recipe"}: ${issue.message}`);
  throw new MedsslError("ERR_RECIPE", `The recipe has settings that cannot be used:\n  ${lines.join("\n  ")}`, {
    hint: "The fields, their units and defaults are in docs/recipes.md.",
  });
}

/**
 * Applies `path.to.field=value` to plain settings; values are read as JSON where they are JSON, else as text.
 *
 * @throws {MedsslError} `ERR_SETTING` when an assignment has no "=".
 */
export function withSettings(
  settings: Readonly<Record<string, unknown>>,
  assignments: readonly string[],
): Record<string, unknown> {
  const result = structuredClone(settings) as Record<string, unknown>;
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    if (equals < 1) {
      throw new MedsslError("ERR_SETTING", `--set expects field=value, got "${assignment}"`, {
        hint: "Example: --set steps=350",
      });
    }
    const path = assignment.slice(0, equals).split(".");
    const last = path.pop()!;
    let owner = result;
    for (const key of path) {
      const inner = Object.hasOwn(owner, key) ? owner[key] : undefined;
      owner[key] = typeof inner === "object" && inner !== null ? inner : {};
      owner = owner[key] as Record<string, unknown>;
    }
    owner[last] = parsedValue(assignment.slice(equals + 1));
  }
  return result;
}

function parsedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
