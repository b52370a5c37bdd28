/**
 * An encoder to start from: a file of weights, whoever made it, or the folder of a pre-training run.
 *
 * It is made for the asked size and for grey images; see `find-vit.ts` and `resize-weights.ts`.
 */
import { existsSync, statSync } from "node:fs";
import type { ViTConfig } from "@medssl/contract";
import { readWeights, scope, type Tensor, writeSafetensors } from "@medssl/torch";
import type { Statistics } from "../augment/intensity.ts";
import { loadStateDict, stateDict } from "../nn/module.ts";
import { encoderPath, hybridPath, readCompleteRun } from "../training/run-directory.ts";
import { type FoundViT, findViT, vitMetadata } from "./find-vit.ts";
import { foldChannels, resizePatches, resizePositions } from "./resize-weights.ts";
import { ViT, type ViTOptions } from "./vit.ts";

export interface LoadEncoderOptions {
  /** Side of the input, or height and width, in pixels; as many patches as in the file when left out. */
  readonly imageSize?: ViTOptions["imageSize"] | undefined;
  /** In pixels; the file's own when left out. */
  readonly patchSize?: number | undefined;
  /** For a file that does not tell it; see `find-vit.ts`. */
  readonly numHeads?: number | undefined;
  /** Of the ViT that is meant, when a file has several: "student.". */
  readonly prefix?: string | undefined;
  /** Takes the ViT that was pre-trained inside the hybrid, and its convolutions, where there are such. @default false */
  readonly isForHybrid?: boolean | undefined;
}

export interface LoadedEncoder {
  readonly encoder: ViT;
  /** Its shape, as a recipe has it. */
  readonly config: ViTConfig;
  /** Grey values that it was trained with; a file does not tell them. */
  readonly statistics: Statistics | undefined;
  /** Of the hybrid around it, by its names; whoever asked for them disposes of them. */
  readonly convolutions: ReadonlyMap<string, Tensor> | undefined;
  /** What was changed to make it fit, for a person. */
  readonly notes: readonly string[];
}

/**
 * @param source A `.safetensors` or PyTorch file, or the folder of a complete pre-training run.
 * @throws {MedsslError} `ERR_WEIGHTS`, `ERR_PTH`, `ERR_SAFETENSORS`, `ERR_VIT_SHAPE`, or of a run `ERR_RUN_...`
 * @example
 * const { encoder, config } = loadEncoder("mae_pretrain_vit_base.pth", { imageSize: 224 });
 */
export function loadEncoder(source: string, options: LoadEncoderOptions = {}): LoadedEncoder {
  const run = statSync(source).isDirectory() ? readCompleteRun(source, "pretrain") : undefined;
  const isForHybrid = options.isForHybrid === true;
  const ofRun = isForHybrid && existsSync(hybridPath(source)) ? hybridPath(source) : encoderPath(source);
  const path = run === undefined ? source : ofRun;
  return scope(() => {
    const { tensors, metadata } = readWeights(path);
    const numHeads = options.numHeads ?? run?.recipe.encoder.numHeads;
    const isHybrid = isForHybrid && tensors.has("conv_encoder.stem.conv.weight");
    const prefix = isHybrid ? VIT_IN_HYBRID : options.prefix;
    const found = findViT(tensors, { source: path, metadata, prefix, numHeads });
    const convolutions = isHybrid ? convolutionsOf(tensors) : undefined;
    return { ...makeEncoder(found, path, options), statistics: run?.statistics, convolutions };
  });
}

const VIT_IN_HYBRID = "encoder.";

function convolutionsOf(hybrid: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const names = [...hybrid.keys()].filter((name) => !name.startsWith(VIT_IN_HYBRID));
  return new Map(names.map((name) => [name, hybrid.get(name)!.clone().keep()]));
}

function makeEncoder(
  { config: given, channels, gridSize, tensors, notes: found }: FoundViT,
  source: string,
  { imageSize, patchSize = given.patchSize }: LoadEncoderOptions,
): Omit<LoadedEncoder, "statistics" | "convolutions"> {
  const config = { ...given, patchSize };
  const encoder = new ViT({ ...config, imageSize: imageSize ?? [gridSize[0] * patchSize, gridSize[1] * patchSize] });
  const notes = [...found];
  const fitted = new Map(tensors);
  const kernels = tensors.get("patch_embed.proj.weight")!;
  if (channels > 1) notes.push(`${channels} colour channels folded to grey.`);
  if (patchSize !== given.patchSize) notes.push(`Patches of ${given.patchSize} pixels resized to ${patchSize}.`);
  fitted.set("patch_embed.proj.weight", resizePatches(foldChannels(kernels), patchSize));
  const before = gridSize.join("x");
  const after = encoder.gridSize.join("x");
  if (before !== after) notes.push(`Positions resized from ${before} to ${after} patches.`);
  const positions = tensors.get("pos_embed")!;
  fitted.set("pos_embed", resizePositions(positions, gridSize, encoder.gridSize, encoder.numPrefixTokens));
  loadStateDict(encoder, fitted, { source });
  return { encoder, config, notes };
}

/** Writes an encoder as timm and `loadEncoder` read it. */
export function saveEncoder(path: string, encoder: ViT): void {
  writeSafetensors(path, stateDict(encoder), vitMetadata(encoder));
}
