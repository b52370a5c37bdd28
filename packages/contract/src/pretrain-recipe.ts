/**
 * Every setting of pre-training, with its unit, default and reason: the source of the recipe files, of `--set` and of what
 * a run writes down.
 */
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

/** Kinds of images, as stores tell them apart. */
const modality = z.enum(["xray", "ct", "mr", "fundus", "picture"]);

const pretrainAugmentation = viewAugmentation(0.35, [0.25, 0.25, 0.15])
  .extend({
    flip: z
      .array(modality)
      .describe("Kinds of images that are mirrored left and right: those whose anatomy has no sides.")
      .default(["fundus"]),
    windows: z
      .array(z.tuple([z.number(), z.number()]))
      .min(1)
      .describe("CT is seen in one of these windows, lower and upper end in HU, drawn for each view.")
      .default([[-175, 250]]),
    windowJitter: amount("Each end of a CT window moves by up to this share of its width.").max(0.4).default(0),
    inversion: fraction(
      "Share of the X-ray views whose black and white are exchanged, as on films shown inverted.",
    ).default(0),
  })
  .refine(areaInOrder, areaOutOfOrder);

export const pretrainMethods = ["mim", "mim+acl", "simclr", "swin-proxies"] as const;

const pretrainSettings = z.strictObject({
  method: z
    .enum(pretrainMethods)
    .describe(
      "`mim`: masked image modelling; `mim+acl`: with anatomical contrast; baselines: `simclr`, and `swin-proxies` (inpainting, rotation, contrast).",
    )
    .default("mim+acl"),
  steps: z
    .int()
    .min(0)
    .describe("Optimiser updates; 0: the second part, `convolutions`, alone, around the ViT of --init or a new one.")
    .default(700),
  batchSize: count(
    "Crops in a step, over all devices and microsteps; two views of half as many images, but with `mim`.",
  ).default(128),
  accumulationSteps: count(
    "Parts that a step's batch is computed in, one after the other, for less memory; contrasts find their negatives within a part.",
  ).default(1),
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
  maskRatio: z.number().gt(0).lt(1).describe("Share of the patches that is removed.").default(0.75),
  maskStrategy: z
    .enum(["random", "block"])
    .describe("Which patches are removed: any, or whole squares of maskBlockSize patches.")
    .default("random"),
  maskBlockSize: count("Side of a removed square, in patches; of the strategy `block`.").default(2),
  normalizePixelTargets: z
    .boolean()
    .describe("Whether a patch's pixels are normalised by its own mean and variance before they are compared.")
    .default(true),
  targetVarianceFloor: amount(
    "Added to a patch's variance (in standardised units) before its pixels are normalised: empty borders would otherwise be blown-up noise.",
  ).default(1e-3),
  contrast: z
    .strictObject({
      weight: amount("Weight of the contrastive loss beside the reconstruction's.").default(0.1),
      warmupSteps: z.int().min(0).describe("Steps over which that weight rises from 0.").default(100),
      level: z
        .enum(["token", "region", "both"])
        .describe("What is contrasted: single patches, the means of anatomical regions, or both in equal parts.")
        .default("token"),
      regionGrid: count("Regions along each axis of the image, in the frame of `contrast.frame`.").default(4),
      frame: z
        .enum(["anatomy", "image"])
        .describe(
          "Where places are compared between images: `anatomy`, as if the thorax of frontal X-rays lay where it usually does; `image`, as they are.",
        )
        .default("anatomy"),
      loss: z
        .enum(["infonce", "decoupled", "attract"])
        .describe(
          "`infonce`; `decoupled`: without the positive in the denominator, for small batches; `attract`: positives alone, which collapses.",
        )
        .default("infonce"),
      otherImages: z
        .enum(["ignored", "soft"])
        .describe(
          "The same place of other images: takes no part, or is a positive the more the nearer it is. Never a negative.",
        )
        .default("ignored"),
      softWeight: amount("Weight of the other images' positives beside an image's own; of `soft`.").default(0.2),
      viewDistance: fraction(
        "How far apart the centres of an image's two views may lie, in image sides; small where crops are small.",
      ).default(1),
      temperature: z.number().min(0.01).describe("Divides the cosine similarities.").default(0.2),
      embedDim: count("Width of the contrasted embedding.").default(64),
      anchorsPerImage: z
        .int()
        .min(0)
        .describe("Patches of an image that are contrasted, at most; 0 is all that are visible.")
        .default(0),
      ignoreRadius: amount("Tokens of the same image nearer than this are no negatives, in patches.").default(2),
      otherImageDistance: amount(
        "Tokens of other images nearer than this are no negatives, in image sides: they may show the same anatomy.",
      ).default(0.3),
    })
    .prefault({}),
  simclr: z
    .strictObject({
      temperature: z.number().min(0.01).describe("Divides the cosine similarities.").default(0.2),
      embedDim: count("Width of the contrasted embedding.").default(128),
    })
    .prefault({})
    .describe("Of the method `simclr`."),
  proxies: z
    .strictObject({
      inpainting: amount("Weight of painting in what was cut out.").default(1),
      rotation: amount("Weight of telling by how many quarters a view was turned.").default(1),
      contrast: amount("Weight of telling views of one image from those of others.").default(1),
      cutout: fraction("Share of a view's patches that is cut out, in squares.").default(0.3),
      temperature: z.number().min(0.01).describe("Divides the cosine similarities.").default(0.5),
      embedDim: count("Width of the contrasted embedding.").default(128),
    })
    .prefault({})
    .describe("Of the method `swin-proxies`."),
  convolutions: z
    .strictObject({
      steps: z
        .int()
        .min(0)
        .describe("Updates of the second part, in which the hybrid is trained whole to paint removed patches; 0: none.")
        .default(0),
      batchSize: count("Crops in such a step, over all devices.").default(24),
      maskRatio: z.number().gt(0).lt(1).describe("Share of the patches that is blanked.").default(0.6),
      learningRate: z.number().positive().describe("Peak learning rate of what is not ViT.").default(2e-3),
      encoderLearningRateScale: amount("The ViT's learning rate, in that of the rest.").default(0.25),
    })
    .prefault({})
    .describe("Behind the method: the convolutions that the head `hybrid` lays around the ViT, pre-trained with it."),
  augmentation: pretrainAugmentation.prefault({}),
  sampling: z
    .record(z.string(), z.number().positive())
    .describe(
      "How often images of a source are drawn, by the source's name or layout: {chexpert: 2, amos22: 1}. Each source has to be named then; empty: all images alike.",
    )
    .default({}),
  learningRate: z.number().positive().describe("Peak learning rate of AdamW.").default(1e-3),
  weightDecay: amount("Weight decay; not applied to one-dimensional parameters.").default(0.05),
  warmupFraction: fraction("Share of the steps in which the learning rate rises.").default(0.05),
  gradientClipNorm: z.number().positive().describe("Longest gradient, by its norm over all parameters.").default(1),
  emaDecay: z
    .number()
    .min(0)
    .lt(1)
    .describe(
      "The encoder that is written is the running mean of the weights with this decay a step; 0: the last weights.",
    )
    .default(0),
  checkpointEverySteps: z.int().min(0).describe("Steps between checkpoints; 0: by time alone.").default(0),
  checkpointEveryMinutes: z.number().positive().describe("Minutes between checkpoints.").default(2),
  picturesEveryEpochs: amount("Epochs between pictures of reconstructions; 0: at the end alone.").default(10),
  probeEveryEpochs: amount(
    "Epochs between few-shot probes, where a labelled store is given; 0: at the end alone.",
  ).default(20),
  precision,
});

export const pretrainSchema = pretrainSettings.refine(({ steps, convolutions }) => steps + convolutions.steps > 0, {
  path: ["steps"],
  error: "expected at least 1, or convolutions.steps",
});

export type PretrainRecipe = z.infer<typeof pretrainSchema>;
export type PretrainMethod = PretrainRecipe["method"];
/** Of upright crops: places in the image are what pre-training learns from. */
export type ViewAugmentation = Omit<PretrainRecipe["augmentation"], "flip" | "windows" | "windowJitter" | "inversion">;
/** Of views for pre-training: what depends on the kind of image too. */
export type PretrainAugmentation = PretrainRecipe["augmentation"];
