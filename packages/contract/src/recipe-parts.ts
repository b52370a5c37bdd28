/** Fields that the recipes of both stages have. */
import { z } from "zod";

export const fraction = (text: string) => z.number().min(0).max(1).describe(text);
export const count = (text: string) => z.int().min(1).describe(text);
export const amount = (text: string) => z.number().min(0).describe(text);

export const viewAugmentation = (areaMin: number, [gamma, contrast, brightness]: readonly [number, number, number]) =>
  z.strictObject({
    areaMin: fraction("Smallest share of the image's area that a crop shows; at most areaMax.").default(areaMin),
    areaMax: fraction("Largest share of the image's area that a crop shows.").default(1),
    aspect: z.number().min(1).describe("Largest ratio of a crop's sides.").default(1.15),
    gamma: amount("Grey values are raised to exp(u), u uniform within +- this.").default(gamma),
    contrast: amount("Contrast is multiplied by 1 + u.").default(contrast),
    brightness: amount("u is added to grey values of 0-1.").default(brightness),
  });

export const areaInOrder = ({ areaMin, areaMax }: { areaMin: number; areaMax: number }) => areaMin <= areaMax;
export const areaOutOfOrder = { path: ["areaMin"], error: "expected at most areaMax" };

export const precision = z
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

export type ViTConfig = z.infer<typeof vitSchema>;
export type Precision = z.infer<typeof precision>;
