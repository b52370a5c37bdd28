/**
 * Masked image modelling: most patches are removed, and the network paints them from the few that are left.
 *
 * Shapes      images [B, C, H, W]; N patches, K of them kept; P = C * patchSize^2 values in a patch.
 * Masking     every sample has a mask of its own (masking.ts).
 * Target      a removed patch's pixels, as a rule normalised by its own mean and unbiased variance + `varianceFloor` (in squared
 *             units of the images): the floor keeps the noise of an empty border from being blown up to full contrast.
 * Loss        mean squared error, over removed patches only.
 * Order       the decoder gets kept tokens first, then mask tokens, each with its position. Attention does not mind the
 *             order, so nothing is shuffled back, and only mask tokens go through the last layer.
 * Errors      `ERR_VIT_SHAPE` when the input has one patch only.
 * Source      He et al., "Masked autoencoders are scalable vision learners" (2022). There the class token passes through
 *             the decoder; here it stays in the encoder.
 */
import { MedsslError } from "@medssl/contract";
import { cat, fullLike, noGrad, onesLike, scope, type Tensor, zerosLike } from "@medssl/torch";
import type { ViT } from "../models/vit.ts";
import { normal } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { LayerNorm } from "../nn/norm.ts";
import { sinCosPositions } from "../nn/positions.ts";
import { patchify, takeRows, takeTokens, unpatchify } from "../nn/tokens.ts";
import { Block } from "../nn/transformer.ts";
import { removedFrom } from "./masking.ts";

export interface DecoderOptions {
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
}

/** Light transformer from kept tokens to removed pixels; thrown away after pre-training. */
class MaskedDecoder {
  readonly embed: Linear;
  maskToken: Tensor;
  /** [1, N, D] */
  posEmbed: Tensor;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  readonly pred: Linear;

  constructor(encoder: ViT, { embedDim, depth, numHeads }: DecoderOptions) {
    const { patchSize, channels = 1 } = encoder.options;
    this.embed = new Linear(encoder.options.embedDim, embedDim);
    this.maskToken = normal([1, 1, embedDim], 0.02);
    this.posEmbed = sinCosPositions(encoder.gridSize, embedDim);
    this.blocks = Array.from({ length: depth }, () => new Block(embedDim, numHeads, 4));
    this.norm = new LayerNorm(embedDim);
    this.pred = new Linear(embedDim, channels * patchSize ** 2);
  }

  /**
   * @param tokens The encoder's output for kept patches [B, K, D].
   * @returns Predictions for the removed patches [B, N - K, P].
   */
  forward(tokens: Tensor, keepIndices: Tensor, removedIndices: Tensor): Tensor {
    return scope(() => {
      const places = this.posEmbed.squeeze(0);
      const kept = this.embed.forward(tokens).add(takeRows(places, keepIndices));
      const removed = this.maskToken.add(takeRows(places, removedIndices));
      // The last block brings only the removed patches' tokens further.
      const wanted = (i: number): number => (i === this.blocks.length - 1 ? keepIndices.size(1) : 0);
      const joined = cat([kept, removed], 1);
      const decoded = this.blocks.reduce((x, block, i) => block.forward(x, { first: wanted(i) }), joined);
      return this.pred.forward(this.norm.forward(decoded));
    });
  }
}

export class MaskedAutoencoder {
  readonly encoder: ViT;
  readonly decoder: MaskedDecoder;

  /** @throws {MedsslError} `ERR_VIT_SHAPE` when there is nothing to mask. */
  constructor(encoder: ViT, decoderOptions: DecoderOptions) {
    if (encoder.numPatches < 2) {
      throw new MedsslError("ERR_VIT_SHAPE", "Masking needs two patches or more, the input has one.", {
        hint: "Enlarge inputSize, or lower encoder.patchSize.",
      });
    }
    this.encoder = encoder;
    this.decoder = new MaskedDecoder(encoder, decoderOptions);
  }
}

interface NormalizedPatches {
  readonly values: Tensor;
  readonly mean: Tensor;
  readonly std: Tensor;
}

export function normalizePatches(patches: Tensor, varianceFloor: number | undefined): NormalizedPatches {
  if (varianceFloor === undefined)
    return scope(() => ({ values: patches, mean: zerosLike(patches), std: onesLike(patches) }));
  return scope(() => {
    const mean = patches.mean(-1, true);
    const centered = patches.sub(mean);
    const variance = centered
      .square()
      .sum(-1, true)
      .div(Math.max(1, patches.size(-1) - 1));
    const std = variance.add(varianceFloor).sqrt();
    return { values: centered.div(std), mean, std };
  });
}

export interface TargetOptions {
  /** int64 [B, K] */
  readonly keepIndices: Tensor;
  /** Undefined: the target is the pixels as they are. */
  readonly varianceFloor: number | undefined;
}

/** One pass: what the decoder paints for the removed patches, in normalised values. */
function paint({ encoder, decoder }: MaskedAutoencoder, images: Tensor, keepIndices: Tensor) {
  return scope(() => {
    const removedIndices = removedFrom(keepIndices, encoder.numPatches);
    const patches = patchify(images, encoder.options.patchSize); // [B, N, P]
    const tokens = encoder.forwardTokens(images, { keepIndices }).slice(1, encoder.numPrefixTokens);
    const painted = decoder.forward(tokens, keepIndices, removedIndices).to({ dtype: "float32" });
    return { removedIndices, patches, removed: takeTokens(patches, removedIndices), tokens, painted };
  });
}

export interface Reconstruction {
  /** Scalar. */
  readonly mim: Tensor;
  /** Encoder's output for the kept patches, behind its final norm: [B, K, D]. */
  readonly tokens: Tensor;
  /** All pixels, [B, N, P]. */
  readonly patches: Tensor;
}

/** One pass and its loss. @param images Standardised [B, C, H, W] */
export function reconstructionLoss(
  model: MaskedAutoencoder,
  images: Tensor,
  { keepIndices, varianceFloor }: TargetOptions,
): Reconstruction {
  return scope(() => {
    const { patches, removed, tokens, painted } = paint(model, images, keepIndices);
    const target = normalizePatches(removed, varianceFloor).values;
    return { mim: painted.sub(target).square().mean(), tokens, patches };
  });
}

export interface Pictures {
  /** Kept patches on gray. */
  readonly masked: Tensor;
  /** Kept patches as they are, removed ones as painted. */
  readonly reconstructed: Tensor;
}

/**
 * What the network paints, for a person: [B, C, H, W] in the units of `images`.
 *
 * Painted patches get the true mean and deviation back, which the network never predicts: they look better than it is.
 */
export function reconstruct(
  model: MaskedAutoencoder,
  images: Tensor,
  { keepIndices, varianceFloor }: TargetOptions,
): Pictures {
  const { gridSize, options } = model.encoder;
  return noGrad(() =>
    scope(() => {
      const { removedIndices, patches, removed, painted } = paint(model, images, keepIndices);
      const { mean, std } = normalizePatches(removed, varianceFloor);
      const paste = (pixels: Tensor) =>
        unpatchify(
          patches.scatter(1, removedIndices.unsqueeze(-1).expand([-1, -1, patches.size(2)]), pixels),
          options.patchSize,
          gridSize,
        );
      return { masked: paste(fullLike(painted, 0)), reconstructed: paste(painted.mul(std).add(mean)) };
    }),
  );
}
