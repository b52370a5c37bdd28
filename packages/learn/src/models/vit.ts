/**
 * Vision transformer: an image as patches, a few of them or all, through pre-norm blocks.
 *
 * Shapes      images [B, C, H, W] at `imageSize`; tokens [B, P + N, D]: P prefix tokens (class token, then registers) where
 *             there are such, then the patches'.
 * Positions   added before tokens are dropped, so a visible token knows its place.
 * Weights     timm's names: weights of MAE, DINO and timm load, ours load in timm.
 * Errors      `ERR_VIT_SHAPE` when sizes do not divide.
 * Source      Dosovitskiy et al. (2021); sine-cosine positions and Xavier start as in He et al. (2022); registers:
 *             Darcet et al., "Vision transformers need registers" (2024).
 */
import { MedsslError, type ViTConfig } from "@medssl/contract";
import { cat, scope, type Tensor } from "@medssl/torch";
import { normal, xavierUniform, zeroParameter } from "../nn/init.ts";
import { LayerNorm } from "../nn/norm.ts";
import { sinCosPositions } from "../nn/positions.ts";
import { patchify, takeRows, takeTokens } from "../nn/tokens.ts";
import { Block } from "../nn/transformer.ts";

type Additions = "hasClassToken" | "numRegisters" | "hasLayerScale";

/** What the plain ViT has not may be left out. */
export interface ViTOptions extends Omit<ViTConfig, Additions>, Partial<Pick<ViTConfig, Additions>> {
  /** Side of a square image, or height and width, in pixels. */
  readonly imageSize: number | readonly [height: number, width: number];
  /** @default 1 */
  readonly channels?: number;
}

/** The linear map from a patch's pixels to a token. Kept as the kernel of a convolution, which is what timm stores. */
class PatchEmbedding {
  readonly proj: { weight: Tensor; bias: Tensor };

  constructor(channels: number, patchSize: number, embedDim: number) {
    this.proj = {
      weight: xavierUniform([embedDim, channels, patchSize, patchSize]),
      bias: zeroParameter([embedDim]),
    };
  }

  /** @param patches [B, N, C * p * p] @returns [B, N, D] */
  forward(patches: Tensor): Tensor {
    return patches.linear(this.proj.weight.flatten(1), this.proj.bias);
  }
}

export interface TokenOptions {
  /** Patches that the encoder sees, int64 [B, K]; all of them when left out. */
  readonly keepIndices?: Tensor;
  /** Added to the patches' tokens before the first block, [B, K or N, D]. */
  readonly injection?: Tensor;
  /** Share of the samples that skip the last block's branches; it grows linearly from 0 at the first. For training. @default 0 */
  readonly dropPathRate?: number;
}

export class ViT {
  readonly options: ViTOptions;
  /** Patches in height and width. */
  readonly gridSize: readonly [number, number];
  clsToken: Tensor | undefined;
  /** [1, numRegisters, D] */
  regToken: Tensor | undefined;
  /** [1, P + N, D] */
  posEmbed: Tensor;
  readonly patchEmbed: PatchEmbedding;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;

  constructor(options: ViTOptions) {
    const { imageSize, patchSize, embedDim, numHeads, mlpRatio, channels = 1 } = options;
    const { hasClassToken = false, numRegisters = 0, hasLayerScale = false } = options;
    const [height, width] = typeof imageSize === "number" ? [imageSize, imageSize] : imageSize;
    checkShape(options, height, width);
    this.options = options;
    this.gridSize = [height / patchSize, width / patchSize];
    this.clsToken = hasClassToken ? normal([1, 1, embedDim], 0.02) : undefined;
    this.regToken = numRegisters > 0 ? normal([1, numRegisters, embedDim], 0.02) : undefined;
    this.posEmbed =
      options.positions === "sincos"
        ? sinCosPositions(this.gridSize, embedDim, this.numPrefixTokens)
        : normal([1, this.numPrefixTokens + this.numPatches, embedDim], 0.02);
    this.patchEmbed = new PatchEmbedding(channels, patchSize, embedDim);
    this.blocks = Array.from(
      { length: options.depth },
      () => new Block(embedDim, numHeads, mlpRatio, { hasLayerScale }),
    );
    this.norm = new LayerNorm(embedDim);
  }

  get numPatches(): number {
    return this.gridSize[0] * this.gridSize[1];
  }

  /** Tokens in front of the patches' tokens: class token and registers. */
  get numPrefixTokens(): number {
    return (this.clsToken?.size(1) ?? 0) + (this.regToken?.size(1) ?? 0);
  }

  /** Tokens behind the last block and the final norm: [B, P + (K or N), D]. */
  forwardTokens(images: Tensor, options: TokenOptions = {}): Tensor {
    return scope(() => this.norm.forward(this.#forwardBlocks(images, options).at(-1)!));
  }

  /**
   * Tokens behind each of the given blocks, without prefix tokens and final norm: each [B, N, D].
   *
   * @param afterBlocks 1 is behind the first block.
   */
  forwardTaps(images: Tensor, afterBlocks: readonly number[], options: TokenOptions = {}): Tensor[] {
    return scope(() => {
      const outputs = this.#forwardBlocks(images, options);
      return afterBlocks.map((block) => outputs[block - 1]!.slice(1, this.numPrefixTokens));
    });
  }

  /** The output of every block. */
  #forwardBlocks(images: Tensor, options: TokenOptions): Tensor[] {
    const { dropPathRate = 0 } = options;
    let tokens = this.#embed(images, options);
    return this.blocks.map((block, i) => {
      tokens = block.forward(tokens, { dropPathRate: (dropPathRate * i) / Math.max(1, this.blocks.length - 1) });
      return tokens;
    });
  }

  #embed(images: Tensor, { keepIndices, injection }: TokenOptions): Tensor {
    return scope(() => {
      const patches = patchify(images, this.options.patchSize);
      const places = this.posEmbed.slice(1, this.numPrefixTokens);
      let tokens =
        keepIndices === undefined
          ? this.patchEmbed.forward(patches).add(places)
          : this.patchEmbed.forward(takeTokens(patches, keepIndices)).add(takeRows(places.squeeze(0), keepIndices));
      if (injection !== undefined) tokens = tokens.add(injection);
      if (this.numPrefixTokens === 0) return tokens;
      const prefix = cat(
        [this.clsToken, this.regToken].filter((token) => token !== undefined),
        1,
      ).add(this.posEmbed.slice(1, 0, this.numPrefixTokens));
      return cat([prefix.expand([images.size(0), -1, -1]), tokens], 1);
    });
  }
}

function checkShape({ patchSize, embedDim, numHeads }: ViTOptions, height: number, width: number): void {
  const refuse = (expectation: string) => {
    throw new MedsslError("ERR_VIT_SHAPE", `A ViT needs ${expectation}.`, { hint: "Change one of the two settings." });
  };
  if (height % patchSize !== 0 || width % patchSize !== 0) {
    refuse(`an input size that is a multiple of its patch size: ${height}x${width} pixels is none of ${patchSize}`);
  }
  if (embedDim % numHeads !== 0) refuse(`a width that its heads can share: ${embedDim} is no multiple of ${numHeads}`);
  if (embedDim % 4 !== 0) refuse(`a width that is a multiple of 4 for its positions, got ${embedDim}`);
}
